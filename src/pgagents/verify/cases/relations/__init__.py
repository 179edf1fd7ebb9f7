"""The calls of relations between two answers, and how their answers are compared."""
