"""Support access: who may act in a member's name for a time, without being a member."""

from django.db import models

from auditapp.access.models import User
from auditapp.lib import clock
from auditapp.record.drafts import Actor, Target


class SupportAccess(models.Model):
    """Given by an owner to one address, until a moment. The secret of its link is stored as SHA-256 only, and the link works once."""

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    email = models.EmailField(max_length=254)
    purpose = models.TextField()
    is_read_only = models.BooleanField(default=True)
    granted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)  # who took the link
    digest = models.BinaryField()
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    first_used_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    expired_at = models.DateTimeField(null=True)  # when it was recorded that its time was over

    class Meta:
        db_table = "support_access"
        indexes = [
            models.Index(fields=["digest"], name="support_access_digest"),
            models.Index(fields=["user", "expires_at"], name="support_access_of"),
        ]

    @property
    def audit_target(self) -> Target:
        return Target("support_access", self.id, self.email)

    @property
    def audit_actor(self) -> Actor:
        """Who its events name: whoever gave it as the actor, and behind them who used it."""
        given_by = self.granted_by.audit_actor
        behind = self.user.audit_actor if self.user else None
        return Actor(given_by.kind, given_by.id, given_by.name, given_by.email, real=behind)

    @property
    def is_open(self) -> bool:
        """Whether it was neither taken back nor is its time over."""
        return self.revoked_at is None and self.expires_at > clock.now()
