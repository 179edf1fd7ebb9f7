"""The kinds of credentials, one module for each `type` of a scheme."""
