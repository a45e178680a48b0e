"""The sealed log: leaves in order, the stored levels of each workspace's tree, its signed checkpoints, and who has read how far.

Leaves, nodes and checkpoints are only ever added (rights and triggers in the migrations).
"""

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Leaf(models.Model):
    """One sealed event at its place in the workspace's log; `index` counts from 0 without gaps."""

    pk = models.CompositePrimaryKey("workspace_id", "index")
    workspace_id = models.BigIntegerField()
    index = models.BigIntegerField()
    event_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    hash = models.BinaryField()

    class Meta:
        db_table = "leaf"
        constraints = [models.UniqueConstraint("workspace_id", "event_id", name="leaf_event_once")]


class Node(models.Model):
    """The root of a full subtree at level 8, 16 or 24 of a workspace's tree; the other levels are computed."""

    pk = models.CompositePrimaryKey("workspace_id", "level", "index")
    workspace_id = models.BigIntegerField()
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        db_table = "node"


class TreeHead(models.Model):
    """How far a workspace's tree has grown. Its row lock is what keeps two sealers off one workspace.

    `folded_before` is the UTC day before which the day counts are also in the totals of their month and of all time.
    """

    workspace_id = models.BigIntegerField(primary_key=True)
    size = models.BigIntegerField(default=0)
    peaks = ArrayField(models.BinaryField(), default=list)
    folded_before = models.DateField(db_default=date(1970, 1, 1))

    class Meta:
        db_table = "tree_head"


class Checkpoint(models.Model):
    """A signed statement of a workspace's root at a size, as a C2SP note."""

    pk = models.CompositePrimaryKey("workspace_id", "size")
    workspace_id = models.BigIntegerField()
    size = models.BigIntegerField()
    root = models.BinaryField()
    note = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "checkpoint"


class SealKey(models.Model):
    """The public half of a key that has signed checkpoints, as the one-line vkey that is handed to an auditor."""

    vkey = models.TextField(primary_key=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "seal_key"


class Reader(models.Model):
    """A named reader of the sealed log and the index it reads next."""

    pk = models.CompositePrimaryKey("workspace_id", "name")
    workspace_id = models.BigIntegerField()
    name = models.TextField()
    position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField()

    class Meta:
        db_table = "reader"


class Verification(models.Model):
    """What the last verification of a workspace found, and when."""

    pk = models.CompositePrimaryKey("workspace_id", "finished_at")
    workspace_id = models.BigIntegerField()
    finished_at = models.DateTimeField()
    events = models.BigIntegerField()
    problems = models.JSONField()

    class Meta:
        db_table = "verification"
