"""Choose values for arguments: new ones for each call, and values that a schema is certain to allow."""
