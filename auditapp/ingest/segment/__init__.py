"""The HTTP API of event streams sources, as Segment's: calls become events of one shape, and what is wrong with one gets its code."""
