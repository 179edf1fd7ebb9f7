"""A sandbox on a socket: ASGI, TLS, shared commits."""
