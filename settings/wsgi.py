"""The WSGI application that gunicorn serves."""

import os

from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.base")
application = get_wsgi_application()
# Refuse to serve under a role that could rewrite the trail, or over a database that may lose it.
BaseCommand().check(databases=["default"])
# What was opened here must not be shared by the workers that are forked from it (gunicorn --preload).
connection.close()
connection.close_pool()  # type: ignore[attr-defined]
