"""Makes the mock's answers keep the catalogue's laws."""
