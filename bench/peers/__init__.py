"""What other makers of MCP servers from an OpenAPI document keep of it, beside `pgagents mcp`: `make
peers`.
"""
