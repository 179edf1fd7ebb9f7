"""The mock's pages: the arguments that request them, and the answer's link to the next page."""
