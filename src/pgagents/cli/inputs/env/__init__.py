"""Read a server description, `--env staging.yaml`."""
