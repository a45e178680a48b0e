"""Settings > Admin > Audit Trail: the list with its filters, one event, and exports; it reads through record's door alone."""
