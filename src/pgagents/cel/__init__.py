"""CEL, the language of laws: compile, bound, evaluate, rewrite as Arazzo. The one room that knows `cel`."""
