"""OpenAPI for everybody: `openapi` is the whole contract."""
