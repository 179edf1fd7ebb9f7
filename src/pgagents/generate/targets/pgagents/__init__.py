"""Documents about the generated documents, and tests for the API's developers."""
