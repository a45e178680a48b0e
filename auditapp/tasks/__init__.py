"""Resumable work: a task is a list of steps, each done once, retried as a whole, and every failed attempt is an event."""
