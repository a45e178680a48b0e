"""The way back: what an event changed, set back after a look at what would happen. Each revert is an event, linked both ways."""
