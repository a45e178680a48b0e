"""How each type of resource is undone, one file a type; wiring.py lists them."""
