"""Claude's directory takes the plugin's folder, and Claude Desktop a bundle."""

from pgagents.generate.stores.archive import Archive

ARCHIVE = Archive(("claude_plugin", "mcpb"), "claude_plugin/", bundles={".mcpb": "mcpb"})
