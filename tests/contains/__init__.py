"""Small servers, each with one fault that `schemathesis run` and `pgagents verify --openapi` must find."""
