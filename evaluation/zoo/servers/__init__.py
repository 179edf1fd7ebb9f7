"""One module for each server of the zoo: how to install, start and fill it, and what must not change."""
