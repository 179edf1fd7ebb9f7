"""The listings by which stores show the plugins of an API."""
