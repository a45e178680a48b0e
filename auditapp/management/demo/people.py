"""Who works in the demo, from where, and which machines work beside them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo: the role that they are invited with, by its key or, for one of the workspace's own, its name; and how far.

    Takes:   over, names of sources, warehouses or spaces; labels, for a role over what carries all of them; weight, how much of the
             work is theirs; joined_on, days since the start
    """

    email: str
    name: str
    ip: str
    role: str
    over: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    weight: int = 5
    joined_on: int = 0


RELEASE_MANAGER: Final = "Release manager"
WAREHOUSE_OPERATOR: Final = "Warehouse operator"
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
MAYA: Final = Person(
    "maya.lindqvist@example.com", "Maya Lindqvist", "203.0.113.24", "workspace_owner", weight=12, joined_on=1
)
ELIF: Final = Person("elif.yildiz@example.com", "Elif Yıldız", "198.51.100.7", "workspace_owner", weight=6, joined_on=8)
PIOTR: Final = Person(
    "piotr.wojcik@example.com",
    "Piotr Wójcik",
    "198.51.100.7",
    "source_admin",
    ("Web shop", "Checkout"),
    weight=10,
    joined_on=3,
)
TOMAS: Final = Person(
    "tomas.echeverria@example.com",
    "Tomás Echeverría",
    "203.0.113.112",
    "minimal_workspace_access",
    weight=8,
    joined_on=4,
)
YUKI: Final = Person(
    "yuki.tanabe@example.com", "Yuki Tanabe", "192.0.2.61", "minimal_workspace_access", weight=6, joined_on=4
)
GRACE: Final = Person(
    "grace.mbeki@example.com",
    "Grace Mbeki",
    "192.0.2.118",
    "source_read_only",
    ("Web shop", "Checkout"),
    weight=3,
    joined_on=20,
)
INGRID: Final = Person(
    "ingrid.solheim@example.com",
    "Ingrid Solheim",
    "203.0.113.190",
    "source_read_only",
    ("Web shop", "Checkout"),
    weight=2,
    joined_on=31,
)
LUCIA: Final = Person(
    "lucia.ferrer@example.com",
    "Lucía Ferrer",
    "203.0.113.77",
    RELEASE_MANAGER,
    labels=("environment:prod", "team:mobile"),
    weight=5,
    joined_on=9,
)
LARS: Final = Person(
    "lars.henriksen@example.com",
    "Lars Henriksen",
    "198.51.100.23",
    WAREHOUSE_OPERATOR,
    ("Warehouse EU",),
    weight=4,
    joined_on=12,
)
AMARA: Final = Person(
    "amara.diallo@example.com",
    "Amara Diallo",
    "192.0.2.144",
    "unify_and_engage_admin",
    ("Production",),
    weight=4,
    joined_on=10,
)
JONAS: Final = Person(
    "jonas.weber@example.com", "Jonas Weber", "192.0.2.203", "source_admin", ("Staging web",), weight=4, joined_on=11
)
# Of another company: no member, comes by support access.
SAM: Final = Person("sam.okoro@example.com", "Sam Okoro", "198.51.100.212", "")
# Who is told of at the start; everybody else of the demo can sign in by the same password.
SIGN_INS: Final = (
    (OWNER, "owner: sees and changes everything"),
    (MEMBER, "source admin of two sources: sees their history and no addresses"),
    (AMARA, "admin of one space"),
    (GRACE, "reads two sources, with personal data"),
    (AUDITOR, "auditor: sees everything, changes nothing"),
    (SAM, "support: reads in the owner's name, for some days"),
)
# All who join, in the order in which those of one day do.
PEOPLE: Final = (
    *(OWNER, MEMBER, AUDITOR, MAYA, ELIF, PIOTR, TOMAS, YUKI, GRACE, INGRID),
    *(LUCIA, LARS, AMARA, JONAS),
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
WAREHOUSES: Final = {
    "Warehouse EU": "pg-eu.example.net",
    "Analytics Postgres": "pg-analytics.example.net",
    "Marketing reports": "pg-marketing.example.net",
}
# Of another system, which tells what happens in them: name, and what they carry.
SPACES: Final = {
    "Production": ("environment:prod",),
    "Staging": ("environment:dev",),
    "Loyalty pilot": ("environment:prod", "team:marketing"),
}
