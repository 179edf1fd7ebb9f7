"""The archive of each store, by the surface with its listing."""
