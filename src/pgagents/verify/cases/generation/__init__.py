"""Calls with values that Schemathesis generates, and how to reduce one to a smaller call with the same
problem.
"""
