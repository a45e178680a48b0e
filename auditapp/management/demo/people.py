"""Who works in the demo, from where, and which machines work beside them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo: their role and, for roles over listed sources, the names of those."""

    email: str
    name: str
    ip: str
    role: str
    sources: tuple[str, ...] = ()
    # How much of the work is theirs, and on which days since the start they joined.
    weight: int = 5
    joined_on: int = 0


OWNER: Final = Person("owner@example.com", "Zoë Okafor-Brandt", "203.0.113.24", "workspace_owner", weight=12)
MEMBER: Final = Person(
    "member@example.com",
    "Ravi Menon",
    "2001:db8:61f1:7d::3f",
    "source_admin",
    ("iOS app", "Android app"),
    weight=14,
    joined_on=1,
)
AUDITOR: Final = Person("auditor@example.com", "Noor Haddad", "198.51.100.80", "auditor", weight=1)
# The three that sign in, then colleagues whose work fills the history.
SIGN_INS: Final = (OWNER, MEMBER, AUDITOR)
PEOPLE: Final = (
    *SIGN_INS,
    Person("maya.lindqvist@example.com", "Maya Lindqvist", "203.0.113.24", "workspace_owner", weight=12, joined_on=1),
    Person("elif.yildiz@example.com", "Elif Yıldız", "198.51.100.7", "workspace_owner", weight=6, joined_on=8),
    Person("piotr.wojcik@example.com", "Piotr Wójcik", "198.51.100.7", "source_admin", ("Web shop", "Checkout"), 10, 3),
    Person("tomas.echeverria@example.com", "Tomás Echeverría", "203.0.113.112", "minimal_workspace_access", (), 8, 4),
    Person("yuki.tanabe@example.com", "Yuki Tanabe", "192.0.2.61", "minimal_workspace_access", (), 6, 4),
    Person("grace.mbeki@example.com", "Grace Mbeki", "192.0.2.118", "source_read_only", ("Web shop",), 3, 20),
    Person("ingrid.solheim@example.com", "Ingrid Solheim", "203.0.113.190", "source_read_only", (), 2, 31),
)
AGENTS: Final = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/604.1",
)
# Machines that report by the API: their id, name and kind as they send them.
MACHINES: Final = (
    ("svc_engage_scheduler", "Engage scheduler", "service"),
    ("svc_sync_runner", "Sync runner", "service"),
    ("svc_schema_guard", "Schema guard", "service"),
)
SOURCES: Final = {
    "iOS app": ("environment:prod", "team:mobile"),
    "Android app": ("environment:prod", "team:mobile"),
    "Web shop": ("environment:prod", "team:web"),
    "Checkout": ("environment:prod", "team:web"),
    "Order service": ("environment:prod", "team:backend"),
    "Loyalty service": ("environment:prod", "team:backend"),
    "Staging web": ("environment:dev", "team:web"),
    "Email events": ("environment:prod", "team:marketing"),
}
# What they mean, where it is said; those of the environment are there from the start.
LABELS: Final = {
    "team:mobile": "The apps",
    "team:web": "Shop and checkout",
    "team:backend": "Services behind the shop",
    "team:marketing": "",
    "tier:gold": "Watched around the clock",
    "tier:silver": "Watched in office hours",
    "purpose:audit": "Holds audit events, nothing of customers",
}
WAREHOUSES: Final = {"Snowflake prod": "snowflake.example.net", "Analytics Postgres": "pg-analytics.example.net"}
