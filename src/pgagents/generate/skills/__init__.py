"""Skills (agentskills.io) made from actions and workflows, for packages that contain skills."""
