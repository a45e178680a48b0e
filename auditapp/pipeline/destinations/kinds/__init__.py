"""The kinds of destinations, one file each. A new one is a file here, a line in wiring.py and a test."""
