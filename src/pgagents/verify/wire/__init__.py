"""Actions on the wire: endpoints, calls, exchanges, credentials, sending."""
