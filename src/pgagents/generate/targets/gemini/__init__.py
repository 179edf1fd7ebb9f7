"""Gemini's documents."""
