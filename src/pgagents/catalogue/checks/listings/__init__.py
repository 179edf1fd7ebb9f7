"""Checks of plugin listings against the limits of their stores."""
