"""One module for each kind of request body; each ends with `MEDIUM = Medium(…)`."""
