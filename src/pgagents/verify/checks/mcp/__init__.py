"""Checks of the MCP protocol itself. Checks of other areas judge the calls of MCP tools too if they say
so.
"""
