"""A page on which a person tries an action before connecting an assistant."""
