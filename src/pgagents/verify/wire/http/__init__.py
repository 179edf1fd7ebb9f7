"""Requests and failures in the form of httpcore, the HTTP library."""
