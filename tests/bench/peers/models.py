"""The one model whose history is kept: by django-simple-history as a field of it, by the others by registration."""

from django.conf import settings
from django.db import models


class Thing(models.Model):
    """Something with settings that people change."""

    name = models.TextField()
    region = models.TextField()
    is_enabled = models.BooleanField(default=True)
    size = models.IntegerField(default=0)
    schedule = models.TextField(default="daily")
    note = models.TextField(default="")

    if settings.PEER == "simple_history":
        from simple_history.models import HistoricalRecords

        history = HistoricalRecords()


if settings.PEER == "auditlog":
    from auditlog.registry import auditlog

    auditlog.register(Thing)
