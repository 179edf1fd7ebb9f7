"""Prove a store's package on a running server, and pack it with its evidence.

`store` has a row for each store and says what a submission lacks. `package` builds the package and compares
its tools with the server's. `evidence` proves hints and cases from a report, as data and as a page.
`public` looks at the pages and addresses as a store does: without a key.

Stores keep what they approved. `approved` reads those files, `approved_calls` calls a new server by them, and
`listing_guard` judges what becomes of each listing; `listing_report` shows it. `approved_tools` calls a
server that no catalogue describes. `approved_documents` judges stores that keep an OpenAPI document. `skills`
holds every SKILL.md of a folder to the server.

A new store is a row of `STORES` in `store`, one of `MANIFESTS` in `approved`, and one of `ARCHIVES` in
`generate/package.py`.
"""
