"""The audit trail as one Django app, split into domain packages whose imports only go down (tests/test_layout.py)."""
