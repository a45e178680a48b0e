"""Alerts: rules over the trail, their firings, and the messages that tell of them."""
