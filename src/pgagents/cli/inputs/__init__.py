"""Inputs of commands: options, environment, keys, addresses, files, time limits."""
