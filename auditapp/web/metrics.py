"""`/metrics` in Prometheus' text format: gauges of the whole installation, read from the database, so that any process may answer.

They are sums and worst cases over all workspaces and name none, but for destinations, each of which is told by its id; the functions
audit_figures() and audit_delivery_figures() (migrations) make them.
"""

import math
from collections import defaultdict
from hmac import compare_digest
from ipaddress import ip_address
from typing import Final, NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from auditapp.web.client_address import client_ip
from auditapp.web.health import free_disk_bytes

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
# Of procrastinate's jobs, without those that end in their row being deleted.
JOB_STATES: Final = ("todo", "doing", "failed", "aborted")
FIGURES = (
    "SELECT name, label, value FROM audit_figures() UNION ALL SELECT name, label, value FROM audit_delivery_figures()"
)


class Metric(NamedTuple):
    """`always` are the labels that are told of even where there is nothing of them yet, with `at_first` as their value:
    an alert on a series that is not there never fires."""

    name: str
    kind: str
    meaning: str
    label: str = ""
    always: tuple[str, ...] = ()
    at_first: float = 0


METRICS: Final = (
    Metric("audit_up", "gauge", "1 while the database answers; without it nothing else is known."),
    Metric("audit_workspaces", "gauge", "Workspaces."),
    Metric("audit_events_total", "counter", "Events recorded: its rate is the ingest."),
    Metric("audit_events_waiting", "gauge", "Events that wait for their seal."),
    Metric("audit_seal_lag_seconds", "gauge", "How long the event that waits longest has waited for its seal."),
    Metric(
        "audit_reader_lag_events",
        "gauge",
        "Sealed events that a reader has not read, at its worst workspace.",
        "reader",
    ),
    Metric(
        "audit_reader_lag_seconds",
        "gauge",
        "How long the new event that waits longest for a reader has waited, at its worst workspace.",
        "reader",
    ),
    Metric("audit_delivery_lag_events", "gauge", "Events that wait for a destination that is on.", "destination"),
    Metric(
        "audit_delivery_lag_seconds", "gauge", "How long the event that waits longest for it has waited.", "destination"
    ),
    Metric(
        "audit_delivery_failures", "gauge", "Tries that failed in a row, at a destination that is on.", "destination"
    ),
    Metric("audit_dead_letters", "gauge", "Events set aside that nobody replayed.", "destination"),
    Metric(
        "audit_verification_age_seconds",
        "gauge",
        "Since the last verification of the workspace verified longest ago; 0 before the first one.",
        always=("",),
    ),
    Metric("audit_workspaces_unverified", "gauge", "Workspaces with sealed events and no verification yet."),
    Metric("audit_workspaces_broken", "gauge", "Workspaces whose last verification found problems."),
    Metric(
        "audit_worker_heartbeat_age_seconds",
        "gauge",
        "Since the last sign of life of the liveliest worker; +Inf without any.",
        always=("",),
        at_first=math.inf,
    ),
    Metric(
        "audit_jobs",
        "gauge",
        "Background jobs kept, by state; those that succeeded are not.",
        "state",
        always=JOB_STATES,
    ),
    Metric("audit_disk_free_bytes", "gauge", "Free where this process keeps its files."),
)


def metrics(request: HttpRequest) -> HttpResponse:
    """For this machine, or for who sends METRICS_TOKEN."""
    if not (_is_local(request) or _has_token(request)):
        text = "Metrics are for this machine, or with METRICS_TOKEN: Authorization: Bearer ...\n"
        return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
    return HttpResponse(_exposition(_read()), content_type=CONTENT_TYPE)


def _read() -> dict[str, list[tuple[str, float]]]:
    """Values by metric, each with its label."""
    values: dict[str, list[tuple[str, float]]] = defaultdict(list)
    try:
        with connection.cursor() as cursor:
            cursor.execute(FIGURES)
            for name, label, value in cursor.fetchall():
                values[name].append((label, value))
        for metric in METRICS:
            known = {label for label, _ in values[metric.name]}
            values[metric.name] += [(label, metric.at_first) for label in metric.always if label not in known]
        values["audit_up"].append(("", 1))
    except DatabaseError:
        values.clear()
        values["audit_up"].append(("", 0))
    values["audit_disk_free_bytes"].append(("", free_disk_bytes()))
    return values


def _exposition(values: dict[str, list[tuple[str, float]]]) -> str:
    lines = []
    for metric in METRICS:
        if found := values.get(metric.name):
            lines += [f"# HELP {metric.name} {metric.meaning}", f"# TYPE {metric.name} {metric.kind}"]
            lines += [f"{metric.name}{_labels(metric, label)} {_number(value)}" for label, value in found]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return "+Inf" if value == math.inf else f"{value:.15g}"


def _labels(metric: Metric, value: str) -> str:
    if not metric.label:
        return ""
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'{{{metric.label}="{escaped}"}}'


def _is_local(request: HttpRequest) -> bool:
    """From loopback itself: what a proxy on this machine passes on comes from loopback too, and carries a forwarding header."""
    address = client_ip(request)
    is_forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return address is not None and ip_address(address).is_loopback and not is_forwarded


def _has_token(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted = settings.METRICS_TOKEN
    return bool(wanted) and kind.lower() == "bearer" and compare_digest(token.strip().encode(), wanted.encode())
