"""What OpenAI's plugin portal says of a package, a file of tools, or a submission file."""
