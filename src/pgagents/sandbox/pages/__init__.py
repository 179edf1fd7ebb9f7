"""Paths that need no key and are no action: one module each, found by `sandbox.site`; see there what a module has."""
