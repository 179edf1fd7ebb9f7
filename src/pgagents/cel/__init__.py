"""CEL, the language of laws: compile, bound, evaluate, rewrite as Arazzo. The only room that imports `cel`."""
