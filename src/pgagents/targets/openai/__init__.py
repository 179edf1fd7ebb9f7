"""OpenAI: GPT Actions and the plugin manifest."""
