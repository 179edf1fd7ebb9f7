"""Compare answers with each other, without the values that may rightly differ."""
