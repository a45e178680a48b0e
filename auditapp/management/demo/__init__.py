"""The workspace `demo`: people, ninety days of their work, and a trickle of more. None of it runs anywhere else."""
