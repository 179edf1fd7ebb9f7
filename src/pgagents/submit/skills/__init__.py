"""Hold every SKILL.md of a folder to a running server.

`files` reads the skills of a folder, with what their index and their links promise. `text` reads the Markdown
of one skill, `words` knows what the server offers, and `claims` finds what the text says of it.
`lost_answers` finds what it says of a call without an answer. `callers` calls one tool, `trial` tries the
claims by such calls, `lookups` those about lost answers, and `report` shows the outcomes. `served` reads the
skills that an MCP server serves itself.
"""
