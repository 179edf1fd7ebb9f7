"""Check how events and signed actions are signed, the envelopes of events, and client certificates."""
