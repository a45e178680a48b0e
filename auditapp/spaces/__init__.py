"""Spaces: what Unify and Engage of other systems are divided into, known here by what is recorded about them."""
