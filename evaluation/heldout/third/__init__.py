"""The third set: written when the checks that the second one asked for were being made."""
