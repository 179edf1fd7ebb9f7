"""Check how events and signed actions are signed, and the envelopes of events."""
