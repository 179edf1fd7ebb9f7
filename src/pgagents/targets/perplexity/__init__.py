"""Perplexity's documents."""
