"""The values that every later room reads: the resolved catalogue, its actions, and contracts with their
verdicts.
"""
