"""What the sandbox serves beside the actions: its pages, and documents that the API hosts."""
