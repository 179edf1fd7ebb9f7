"""The stores, one a module; a module's name is that of the surface with the store's listing."""
