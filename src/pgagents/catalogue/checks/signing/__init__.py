"""Check signatures of events and actions, the envelopes of events, and client certificates."""
