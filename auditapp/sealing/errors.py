"""What can go wrong when the log is sealed."""

from auditapp.lib.errors import AppError


class SealKeyMissing(AppError):
    """The key that signs checkpoints cannot be used. Restore its file from backup."""
