"""CEL, the language of laws: compile, limit, evaluate, rewrite as Arazzo. Only this room imports `cel`."""
