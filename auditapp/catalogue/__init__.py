"""Every event type the product knows, by product area: declarations and how they read as sentences.

Nothing here stores, renders or asks: `registry` is the door, and types that a workspace declares are rows elsewhere.
"""
