"""ChatGPT's plugin directory takes a ZIP of the Agent Plugin, and a file for its form."""

from pgagents.generate.stores.archive import Archive

ARCHIVE = Archive(
    ("agent_plugin", "openai/submission"), "agent_plugin/", beside=("openai/chatgpt-app-submission.json",)
)
