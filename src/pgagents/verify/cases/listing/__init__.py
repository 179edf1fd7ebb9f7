"""The calls of a store's test cases."""
