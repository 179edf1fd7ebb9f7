"""Pages: paths that need no key and are not actions, one module each. `sandbox.hosting.site` defines what a module has."""
