"""Destinations: where the events of a source go, of which kind, and with which settings."""
