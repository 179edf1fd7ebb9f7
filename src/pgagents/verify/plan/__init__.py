"""Which probes a run sends, in which order, within which budget."""
