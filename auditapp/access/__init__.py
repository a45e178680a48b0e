"""People, roles and tokens: who may do what, and how much of the trail they may see."""
