"""What the trail refuses; each docstring is the message on the page."""

from auditapp.lib.errors import NotFound


class EventNotFound(NotFound):
    """There is no such event here. Events are never deleted, so the link is mistyped or belongs to another workspace, or your role does not reach it."""
