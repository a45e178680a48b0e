"""Transformations: events under other names, with other fields, on their way to all destinations or to one."""
