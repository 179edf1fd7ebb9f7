"""Write the workflows of an Arazzo description."""
