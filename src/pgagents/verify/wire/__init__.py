"""Actions on the wire: endpoints, calls, exchanges, credentials, pace, sending."""
