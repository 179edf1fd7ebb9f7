"""Rules for Gemini."""
