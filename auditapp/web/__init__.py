"""What every page and endpoint shares: errors as statuses, request ids, security headers, limits, streaming."""
