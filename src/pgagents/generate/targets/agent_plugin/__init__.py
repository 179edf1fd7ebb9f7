"""The vendor-neutral plugin package (Agent Plugins), with the additions for ChatGPT's directory."""
