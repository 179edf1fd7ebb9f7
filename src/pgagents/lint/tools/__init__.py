"""Judge any list of function tools by the rules of the vendor's API."""
