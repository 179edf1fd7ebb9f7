"""Make every vendor's document from the Model.

`build` plans the targets (`targets/<vendor>/<artefact>.py`), asks each for its view of the model, renders
it by `render` and validates it against the vendor's schema. `target` has the types. Targets share
`functions` (tools for models), `openapi/` (documents), `skills`, `mcp_servers`, `store_listing`, `hosts`
(what a vendor's host can call) and `actions` (former names, jobs, pages). `lower` translates a schema
into a vendor's dialect, by the data of `dialect`. `files` writes the output folder; `package` packs it by
`packages/` and, for stores, `archives/`.
"""
