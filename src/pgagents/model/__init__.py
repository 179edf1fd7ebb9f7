"""The values that everything else reads: the resolved catalogue, its actions and its contracts."""
