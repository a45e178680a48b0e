"""What a destination gets to see of an event: conditions in FQL, and what is done where one holds."""
