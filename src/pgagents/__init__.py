"""One action catalogue, every vendor's manifest, and a live server tested against all of them.

Rooms, from the lowest up: `base`, `catalogue` (YAML to Model), `generate` (Model to vendors' documents),
`lint`, `report`, `client`. Above these are `verify`, `sandbox`, `importer`, `diff`, `mcp` and `fleet`, which
do not import each other. `suggest` and `submit` use runs of `verify`, and `cli` has the commands.
ARCHITECTURE.md draws them and the way of one exchange.
"""
