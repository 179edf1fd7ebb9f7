"""Change the mock's answers so that they satisfy the catalogue's laws."""
