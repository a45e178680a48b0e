"""Background work: a thin face on procrastinate. What is done, and when, is listed in auditapp/wiring.py."""
