"""Function tools of Perplexity's Agent API: flat, in the subset of JSON Schema that all its vendors' models
accept.

https://docs.perplexity.ai/docs/agent-api/tools/custom-functions, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.lower.dialect import PERPLEXITY
from pgagents.generate.tool_list import tool_list

TARGET = tool_list("Perplexity Agent API tools", "perplexity/tools.json", "perplexity", PERPLEXITY)
