"""A plugin for Claude, in a folder that is its own marketplace."""
