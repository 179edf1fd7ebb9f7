"""Skills of the Agent Plugin: one about all tools, and one for each task of a user."""

from __future__ import annotations

from pgagents.generate.skills import skills_target

TARGET = skills_target("Skills of the Agent Plugin", "agent_plugin", "openai")
