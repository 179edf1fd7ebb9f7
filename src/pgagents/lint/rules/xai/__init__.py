"""Rules for Grok."""
