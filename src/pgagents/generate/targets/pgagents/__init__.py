"""Documents about the generated documents, and tests for the operators of the API."""
