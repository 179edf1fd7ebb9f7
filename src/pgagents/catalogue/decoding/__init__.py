"""Read the bodies of answers: `medium` finds the kind of a body, and `media/` has one module for each."""
