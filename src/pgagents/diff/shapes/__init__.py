"""Parts of the comparison of two schemas: results, marks and texts, members."""
