"""One small app with planted bugs, tried by pgagents and by schemathesis: the table on README's first screen.

`notes_app` is the app, `measure` runs the tools on it and writes the table (`make compare`).
"""
