"""Decide how calls name an instance: by its id, and by the resources that contain it."""
