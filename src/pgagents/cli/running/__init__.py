"""A verification from the command line: selection, preflight, plan, progress, report files, self-test."""
