"""The settings of that project: the application's own, with one peer installed, named in PEER."""

import os

from settings.testing import *

PEER = os.environ["PEER"]
PEER_APPS = {"auditlog": "auditlog", "simple_history": "simple_history", "easy_audit": "easyaudit"}
INSTALLED_APPS = [
    *INSTALLED_APPS,
    "tests.bench.peers",
    *([PEER_APPS[PEER]] if PEER in PEER_APPS else []),
]
# Of django-easy-audit: nothing but this one model, so that it is not charged for what the others do not do.
DJANGO_EASY_AUDIT_REGISTERED_CLASSES = ["peers.thing"]
DJANGO_EASY_AUDIT_WATCH_AUTH_EVENTS = False
DJANGO_EASY_AUDIT_WATCH_REQUEST_EVENTS = False
