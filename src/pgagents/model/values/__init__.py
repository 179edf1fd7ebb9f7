"""Values of arguments: new ones for each call, and those that a schema surely allows."""
