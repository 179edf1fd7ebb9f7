"""A page on which a person tries an action before an assistant is connected."""
