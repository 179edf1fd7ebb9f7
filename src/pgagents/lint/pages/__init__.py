"""What each id of a finding means, for `pgagents explain` and the reference."""
