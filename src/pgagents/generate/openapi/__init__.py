"""OpenAPI documents made from the Model: the parts, the operations, the dispatchers, and the whole in three profiles."""
