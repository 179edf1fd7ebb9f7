"""Serves many callers: who calls, with which key of the API, how often, and what the log says of it."""
