"""Answers to the steps of a workflow."""
