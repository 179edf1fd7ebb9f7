"""The open standard's documents."""
