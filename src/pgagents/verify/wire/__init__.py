"""Actions on the wire: endpoints, calls, exchanges, credentials, pace, and the clients that send."""
