"""Vendors' formats of tool calls and answers, one file each, found by its path."""
