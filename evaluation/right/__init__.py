"""Servers that are right by their OpenAPI documents, and full of habits that the documents leave open.

One module each: `albums` (JSON:API on Starlette), `accounts` (JSON-RPC on Werkzeug), `words` (Litestar) and
`notes` (http.server). `rooms` (NestJS) and `posts` (Express) are scripts in `node`. Documents stand beside
them, or their framework makes it. `listening.py` starts those in Python. `measure.py` verifies each with
writes, from its document alone; `test_right.py` does so with twenty seeds.
"""
