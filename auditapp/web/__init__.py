"""What every page and endpoint shares over HTTP: pages or fragments, errors, paging, streams, limits; workspaces are not known here."""
