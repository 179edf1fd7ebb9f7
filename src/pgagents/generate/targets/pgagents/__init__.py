"""Documents about the generated documents, and tests for whoever runs the API."""
