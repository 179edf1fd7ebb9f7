"""Propose laws across several calls: relations between two answers, and members that never change.

These modules also choose the calls for evidence.
"""
