"""Tracking plans: which events a source is meant to send and what they hold, and what becomes of the others."""
