"""Write the bodies of answers, by their declared media type, and headers whose values vary."""
