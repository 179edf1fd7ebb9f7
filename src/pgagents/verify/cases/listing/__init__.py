"""The calls of the test cases in a store listing."""
