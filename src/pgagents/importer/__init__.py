"""Make a first catalogue from an OpenAPI or Swagger document, and merge later editions into the edited
catalogue.

`document` reads a file and follows its references, and `operations` reads all editions in one form.
`catalogue` runs the conversion: `actions` with `arguments` and `members`, `schemas`, `errors`,
`response_headers`, `security`, `servers`. `names` makes names that a catalogue allows and collects losses.
`nature` decides whether an action reads or acts. `inference/` adds what the document shows but does not
say. `surfaces` chooses what each vendor is offered. `invalid_parts` takes out what the loader would refuse,
and `text` writes the YAML. `merge` keeps an author's edits, and `places` finds the document's line of each
part. `overlay/` lays a short catalogue over a document that is read each time. `har` and `recording` begin
with recorded traffic, `tools` with an MCP server.
"""
