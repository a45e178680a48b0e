"""Alert rules, what made them fire, and what is sent about it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from auditapp.lib import clock
from auditapp.record.drafts import Target


class Trigger(models.TextChoices):
    """When a rule fires."""

    EACH = "each", "each event"
    THRESHOLD = "threshold", "so many within a time"
    SILENCE = "silence", "none for a time"


class By(models.TextChoices):
    """Whose events a threshold counts together."""

    ALL = "", "all together"
    ACTOR = "actor", "of one actor"
    RESOURCE = "resource", "about one resource"


class Channel(models.TextChoices):
    """How a message goes out; the bell needs none."""

    EMAIL = "email", "E-mail"
    SLACK = "slack", "Slack"
    WEBHOOK = "webhook", "Webhook"


class State(models.TextChoices):
    """What became of a message."""

    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Not delivered"


class Hold(models.TextChoices):
    """What became of a firing at a failed attempt that was not the last, where only the last one is told of; "" of all others."""

    NONE = "", "Told"
    HELD = "held", "Held"
    RECOVERED = "recovered", "Recovered"
    FAILED = "failed", "Failed for good"
    SILENT = "silent", "Nothing heard for 24 hours"
    DROPPED = "dropped", "The rule was turned off"


class Own(models.TextChoices):
    """Which of a member's own notifications a rule stands for; "" of a rule that somebody made."""

    NONE = "", "A rule"
    BELL = "bell", "In the product"
    EMAIL = "email", "By e-mail"


class AlertRule(models.Model):
    """A query, when it fires, and who is told. It sees what its owner may see when an event comes in.

    What a member chose to be told of by area (`preferences.py`) is a rule as well, one a channel, which nobody else sees.

    `start_index` is the place of the log from which on it looks. `secrets` hold the address in Slack and what signs webhooks.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    owner_id = models.TextField()
    name = models.CharField(max_length=100)
    query = models.TextField(default="")
    trigger = models.TextField(choices=Trigger.choices, default=Trigger.EACH)
    threshold = models.IntegerField(default=1)
    window_s = models.IntegerField(default=0)
    by = models.TextField(choices=By.choices, default="")
    with_own = models.BooleanField(default=False)
    told_ids = ArrayField(models.TextField(), default=list)
    by_email = models.BooleanField(default=False)
    by_bell = models.BooleanField(default=True)
    webhook_url = models.TextField(default="")
    has_slack = models.BooleanField(default=False)
    secrets = models.BinaryField(null=True)
    quiet_from = models.TimeField(null=True)
    quiet_to = models.TimeField(null=True)
    is_enabled = models.BooleanField(default=True)
    start_index = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    own = models.TextField(choices=Own.choices, default="")

    class Meta:
        db_table = "alert_rule"
        constraints = [
            models.UniqueConstraint(
                "workspace_id", "owner_id", Lower("name"), condition=models.Q(own=""), name="alert_rule_name_once"
            ),
            models.UniqueConstraint(
                fields=["workspace_id", "owner_id", "own"], condition=~models.Q(own=""), name="alert_rule_own_once"
            ),
        ]

    @property
    def audit_target(self) -> Target:
        return Target("alert_rule", self.id, self.name)

    @property
    def rings(self) -> bool:
        return bool(self.by_bell and self.told_ids)


class AlertReading(models.Model):
    """The reader of the log that looks for a workspace's rules. `generation` is part of its name, since a reader never goes back and
    never skips; `revision` changes with the rules.

    `only_final` holds what failed attempts say until the last one. `flips` are the places of the log from which on it was switched,
    the newest last: what lies before is still told of as it was then.
    """

    workspace_id = models.BigIntegerField(primary_key=True)
    generation = models.IntegerField(default=0)
    start_index = models.BigIntegerField(default=0)
    revision = models.TextField(default="")
    only_final = models.BooleanField(default=False)
    flips = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        db_table = "alert_reading"

    def holds_at(self, place: int) -> bool:
        """Whether failed attempts at this place of the log wait for the last one."""
        return self.only_final is (sum(flip > place for flip in self.flips) % 2 == 0)

    @property
    def reader_name(self) -> str:
        return f"alerts-{self.generation}"


class AlertWindow(models.Model):
    """The last times of matching events that a threshold or a silence needs, of each actor or resource; `key` is "" for all together.

    `index` is the place of the last of them; `is_told` says that a silence was told of already.
    """

    pk = models.CompositePrimaryKey("workspace_id", "rule_id", "key")
    workspace_id = models.BigIntegerField()
    rule_id = models.TextField()
    key = models.TextField(default="")
    times = ArrayField(models.DateTimeField(), default=list)
    index = models.BigIntegerField(default=0)
    is_told = models.BooleanField(default=False)

    class Meta:
        db_table = "alert_window"


class AlertNotice(models.Model):
    """What one message tells of: one firing or, in a storm, all of some minutes. Open until `fixed_at`, then it never changes.

    `sole_actor` is who caused all of it; "" where several did, or nobody. Of tasks that recovered after somebody was told of their
    failure it says so too: `recovered` counts them, and `told_before` are the notices that told of the failures. `silent_ids` are the
    events of tasks of which nothing was heard any more.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    rule_id = models.TextField()
    firings = models.IntegerField(default=0)
    event_ids = ArrayField(models.UUIDField(), default=list)
    sole_actor = models.TextField(default="")
    quiet_since = models.DateTimeField(null=True)
    recovered = models.IntegerField(default=0)
    recovered_ids = ArrayField(models.UUIDField(), default=list)
    silent_ids = ArrayField(models.UUIDField(), default=list)
    told_before = ArrayField(models.TextField(), default=list)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    due_at = models.DateTimeField()
    fixed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "alert_notice"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "rule_id"], condition=models.Q(fixed_at=None), name="alert_notice_one_open"
            )
        ]
        indexes = [
            models.Index(fields=["workspace_id", "rule_id", "-last_at"], name="alert_notice_latest"),
            models.Index(fields=["due_at"], condition=models.Q(fixed_at=None), name="alert_notice_due"),
        ]


class AlertFiring(models.Model):
    """A rule that fired at one place of the log; of a silence, the place of the last event before it.

    `task` is the key of the task whose attempt failed there, "" of all else. `is_open` is true until that task recovers. What is
    held has no notice.
    """

    pk = models.CompositePrimaryKey("workspace_id", "rule_id", "is_silence", "index")
    workspace_id = models.BigIntegerField()
    rule_id = models.TextField()
    is_silence = models.BooleanField(default=False)
    index = models.BigIntegerField()
    event_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()
    events = models.IntegerField(default=1)
    fired_at = models.DateTimeField()
    notice_id = models.TextField(default="")
    task = models.TextField(default="")
    is_open = models.BooleanField(default=False)
    hold = models.TextField(choices=Hold.choices, default=Hold.NONE)
    held_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "alert_firing"
        indexes = [
            models.Index(fields=["workspace_id", "task"], condition=models.Q(is_open=True), name="alert_firing_open"),
            models.Index(fields=["held_until"], condition=models.Q(hold="held"), name="alert_firing_overdue"),
            models.Index(fields=["workspace_id", "-fired_at"], condition=~models.Q(hold=""), name="alert_firing_held"),
            models.Index(fields=["workspace_id", "rule_id", "-fired_at", "-index"], name="alert_firing_of_rule"),
            models.Index(fields=["workspace_id", "-fired_at", "-index"], name="alert_firing_latest"),
        ]


class AlertCount(models.Model):
    """Firings of a rule by UTC day, so that a list need not count them."""

    pk = models.CompositePrimaryKey("workspace_id", "rule_id", "day")
    workspace_id = models.BigIntegerField()
    rule_id = models.TextField()
    day = models.DateField()
    firings = models.IntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        db_table = "alert_count"


class AlertMessage(models.Model):
    """One message of a notice: a channel, and of e-mail one recipient. Its id stays the same at every try.

    `is_closing` tells of what recovered alone: it goes to whom the rule told of the failure and tells no more.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    notice_id = models.TextField()
    channel = models.TextField(choices=Channel.choices)
    recipient_id = models.TextField(default="")
    is_closing = models.BooleanField(default=False)
    state = models.TextField(choices=State.choices, default=State.WAITING)
    attempts = models.IntegerField(default=0)
    retry_at = models.DateTimeField()
    lease = models.IntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    said = models.TextField(default="")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "alert_message"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "notice_id", "channel", "recipient_id"], name="alert_message_once"
            )
        ]
        indexes = [
            models.Index(fields=["retry_at"], condition=models.Q(state="waiting"), name="alert_message_waiting"),
        ]


class AlertBell(models.Model):
    """Up to when a member has read what their bell told."""

    pk = models.CompositePrimaryKey("workspace_id", "user_id")
    workspace_id = models.BigIntegerField()
    user_id = models.TextField()
    read_to = models.DateTimeField()

    class Meta:
        db_table = "alert_bell"
