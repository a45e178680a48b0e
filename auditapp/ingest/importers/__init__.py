"""Readers of other systems' logs: each turns one record into a draft, and nothing here touches a database."""
