"""Warehouses: databases that are loaded from the sources connected to them."""
