"""Ids in a request, and the instances that they name."""
