"""The only way out: HTTP requests and connections to addresses that users enter, refused where they lead inside.

Whoever calls out imports from here; what is sent, and when again, is decided by the callers.
"""

from auditapp.lib.outbound.client import Answer, check_headers, post, request
from auditapp.lib.outbound.errors import Failure, Refusal, Refused, Unreachable
from auditapp.lib.outbound.lines import connect, cut, deliver
from auditapp.lib.outbound.targets import Target, check_url, vetted, vetted_peer
from auditapp.lib.outbound.tls import ClientCertificate, authorities_file

__all__ = [
    "Answer",
    "ClientCertificate",
    "Failure",
    "Refusal",
    "Refused",
    "Target",
    "Unreachable",
    "authorities_file",
    "check_headers",
    "check_url",
    "connect",
    "cut",
    "deliver",
    "post",
    "request",
    "vetted",
    "vetted_peer",
]
