"""A small Django project that saves one model, with one way to keep its history at a time: what each adds to the same save.

Each way runs in a process of its own (`python -m tests.bench.peers`), since all of them hook into Django's signals.
"""
