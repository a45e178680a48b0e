"""Reasons: what needs one, and that what was refused for want of it is not done by half."""
