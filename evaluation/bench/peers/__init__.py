"""Measure how much of an OpenAPI document other makers of MCP servers keep, beside `pgagents mcp`: `make
peers`.
"""
