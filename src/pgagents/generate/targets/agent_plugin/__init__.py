"""The vendor-neutral plugin package (Agent Plugins), with what ChatGPT's directory shows of it."""
