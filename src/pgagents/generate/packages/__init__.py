"""Packages of several generated documents, one module per vendor; `build --package` writes them.

`copilot` and `mcpb` pack what is built. `claude_plugin` makes a draft over a document without a listing.
"""
