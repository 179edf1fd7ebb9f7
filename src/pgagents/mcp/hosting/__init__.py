"""Serve many callers: identify each, find the caller's API key, limit the calls, and log them."""
