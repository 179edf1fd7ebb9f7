"""Make a catalogue: a short one over an OpenAPI document, or a whole one of a document or other source.

`document` reads a file and follows its references, and `operations` reads all editions in one form;
`alternatives` writes out what a `discriminator` names.
`catalogue` runs the conversion: `actions` with `arguments` and `members`, `schemas`, `errors`,
`response_headers`, `security`, `servers`. `action_names` gives each operation the name that a person would
choose; `names` makes names that a catalogue allows and collects losses. `nature` decides whether an action
reads or acts. `inference/` adds what the document shows but does not say. `default_surfaces` says on which
surfaces an API is offered if nobody says so, and `choice` says which actions of a large API are offered.
`own_schemas` keeps the document's schemas whole. `surfaces` gives each vendor what it accepts.
`invalid_parts` takes out what the loader would refuse, and
`text` writes the YAML. `patch` edits a YAML text and keeps its author's comments, and `places` finds the
document's line of each part. `overlay/` lays a short catalogue over a document that is read each time.
`tools` begins with an MCP server. `questions/` asks what only the API's owner knows.
"""
