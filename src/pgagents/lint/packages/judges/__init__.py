"""The judges of packages: a module is one store's or host's."""
