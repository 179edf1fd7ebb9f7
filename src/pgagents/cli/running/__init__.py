"""A verification from the command line: preflight, plan, progress, report files, self-test."""
