"""Servers that are right by their OpenAPI documents, and full of habits that the documents leave open.

One module each: `albums` (JSON:API on Starlette), `accounts` (JSON-RPC on Werkzeug), `words` (Litestar),
`notes` (http.server) and `exports` (Django REST framework). `rooms` (NestJS) and `posts` (Express) are
scripts in `node`. Documents stand beside them, or their framework makes it. `listening.py` starts those in
Python. `measure.py` verifies each with writes, from its document alone, and those of `evaluation/foreign`.
`test_right.py` does so with twenty seeds, and with four for those.
"""
