"""Audit Forwarding: every sealed event of a workspace, as a call into one of its sources."""
