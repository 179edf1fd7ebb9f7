"""Kinds of credentials: one module for each, found by its path; its name is the `type` of a scheme.

A credential is a secret that is sent as it is, or in a fixed form, or exchanged for a token. `api_key`
covers any header, query parameter or cookie, with any text around the secret. A kind ends with `KIND =
Kind(make, read_openapi, …)`: `make` says as data what is particular to it, and all other code reads that
`Credential`. A member that no kind has yet is also a field of `Scheme` (`catalogue/language/auth.py`) and a
row in `catalogue/checks/security.py`.

Its tests are rows of `test_credential_language`, `test_credential_manifests` and `test_credentials`, with a
server in `tests/guarded.py` whose bugs verify must find. Signatures over bodies are the key `signed`, and
client certificates stand in `catalogue/model/credential.py`.
"""
