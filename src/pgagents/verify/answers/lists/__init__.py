"""Instances that a list must contain, and ids that it must not."""
