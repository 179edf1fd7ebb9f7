"""Servers, and the client certificate of connections to them."""
