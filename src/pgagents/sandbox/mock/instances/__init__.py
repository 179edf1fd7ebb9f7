"""Store the mock's instances: find them, fill in those of the examples, and choose new ids."""
