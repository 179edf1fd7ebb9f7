"""Real servers that others wrote, on which verify is measured and its findings are judged by hand."""
