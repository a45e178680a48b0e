"""The app: registers checks, the receivers of Django's sign-in signals and what is wired together, nothing else."""

from django.apps import AppConfig


class AuditAppConfig(AppConfig):
    name = "auditapp"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        from auditapp import (
            checks,  # noqa: F401  registers itself
            wiring,
        )
        from auditapp.access import second_factor, sign_in

        sign_in.connect()
        second_factor.connect()
        wiring.register_resources()
