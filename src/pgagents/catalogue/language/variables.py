"""The variables that expressions may read, for each place of the catalogue."""

LAW = ("input", "response", "status", "surface", "now", "before", "env", "headers")
ITEM = "item"
PAGES = ("input", "response", "headers")
CALL = ("env", "now", "resource", "input")
FRESH = "fresh"
FRESH_KINDS = ("text", "slug", "email", "uuid", "int", "url")
RESOURCE_LAW = ("created", "read", "input", "env", "surface")
BUCKET = ("key", "call")
STEP = ("env", "now", "input", "response", "status", "headers")
