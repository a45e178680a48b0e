"""Events from outside: the API that other systems send to and read from, and importers of other systems' logs.

What an event is, and how it is written and found, belongs to `record`; here strangers' shapes become drafts and rows become JSON.
"""
