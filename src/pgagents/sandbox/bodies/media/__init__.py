"""One module for each kind of request body, named as in `encoding/media/`; each has a `read`."""
