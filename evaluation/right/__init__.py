"""Servers that are right by their OpenAPI documents, and full of habits that the documents leave open.

One module each: `albums` (JSON:API on Starlette), `accounts` (JSON-RPC on Werkzeug), `words` (Litestar) and
`notes` (http.server). The document stands beside it, or its framework makes it. `listening.py` starts three.
`measure.py` verifies each with writes, from its document alone; `test_right.py` does so with twenty seeds.
"""
