"""Read the bodies of answers, with one module for each kind of media type, and the sizes of pictures."""
