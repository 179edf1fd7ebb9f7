"""xAI's documents."""
