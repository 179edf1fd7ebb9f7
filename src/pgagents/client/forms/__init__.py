"""How each vendor writes a tool call and wants its answer; one file a form, found by its path."""
