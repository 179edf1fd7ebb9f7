"""OpenAI: GPT Actions, the plugin manifest and function tools."""
