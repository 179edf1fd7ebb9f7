"""Measures pgagents from outside. No push waits for it, and no published package has it.

- bench: costs, false alarms, scale and other MCP servers
- foreign: servers that were written from prose
- compare: one small app with planted bugs, beside schemathesis
- zoo: servers from PyPI and npm
- corpus: documents that others wrote
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # sandboxes and catalogues of the tests are used
