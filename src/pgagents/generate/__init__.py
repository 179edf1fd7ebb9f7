"""Make every vendor's document from the Model.

`build` plans the targets (`targets/<vendor>/<artefact>.py`), and asks each for its view of the model. It
renders that by `render` (with `template_cache`) and validates it against the vendor's schema. It withholds a
document that the vendor would refuse, and says why (an author's text that is too long is such an error).
`target` has the types. Lists of function tools are rows of one table, `targets/tool_lists.py`.

Targets share `functions` (tools for models), `openapi/` (documents), `skills`, `mcp_servers`,
`store_listing`, `addresses` (URLs), `apiplugin` (Copilot) and `actions` (former names, jobs, pages).
`examples` chooses the arguments that a list of tools shows. `hosts` says with which scheme a vendor's host
calls. `long_texts` cuts what a document says at too great length. `lower` translates a schema into a
vendor's dialect, by the data of `dialect` and the words of `keywords`, and collects what is lost. `files`
writes the output folder; `package` packs it by `packages/`, also as the archives of stores.
"""
