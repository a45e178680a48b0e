"""What flows through a source and where it goes: counts of every stage, for its pages."""
