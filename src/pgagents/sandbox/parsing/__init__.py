"""Parse and write the messages of protocols for dispatchers."""
