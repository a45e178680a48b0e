"""Delivery: how far each destination has been read, in which batches, and what came of each try."""
