"""Make OpenAPI documents from the Model: parts, operations, dispatchers, and the whole in three profiles."""
