"""Reverts of what other systems own: they are asked with a signed request, and say what they did."""
