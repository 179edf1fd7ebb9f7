"""End a run: remove what it made, and make its report."""
