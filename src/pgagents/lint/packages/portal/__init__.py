"""Judge a package, a file of tools or a submission file as OpenAI's plugin portal does."""
