"""Rules for ChatGPT and OpenAI's API."""
