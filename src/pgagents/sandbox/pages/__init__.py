"""Paths that need no key and are no action: one module each, found by `sandbox.hosting.site`; see there what a module has."""
