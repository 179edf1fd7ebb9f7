"""What pgagents costs: `make bench`."""
