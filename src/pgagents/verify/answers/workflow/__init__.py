"""What the answer to a step of a workflow says."""
