"""What a host advertises to agents, as several documents name it."""
