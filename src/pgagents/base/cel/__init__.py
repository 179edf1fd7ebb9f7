"""CEL, the language of laws: compile expressions, bound their work, evaluate them, rewrite them for
Arazzo.

`parser` makes the tree of `syntax` from a text, and `syntax` prints it. `reading` answers questions about a
tree: what does it read, what does it compare? `rewrite` changes trees. `expression` compiles and evaluates
within the limits of `growth`, with the helper functions of `functions`. Only this package imports the
library `cel`.
"""
