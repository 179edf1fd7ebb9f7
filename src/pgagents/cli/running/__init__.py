"""Runs a verification from the command line: choice, progress, reports, self-test."""
