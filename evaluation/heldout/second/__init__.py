"""The second set: written when the first had long been seen."""
