"""Skills (agentskills.io) made from actions and workflows, for every package that carries some."""
