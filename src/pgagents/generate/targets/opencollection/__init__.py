"""OpenCollection, the format of Bruno: the collection, its environment, and a file for each request."""
