"""What a check is, and what checks remember during a run."""
