"""Simulate OpenAI's plugin portal: its objections to a package, a list of tools, a submission file."""
