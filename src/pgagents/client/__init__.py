"""The other half of a tool call: a vendor's message in, the API called, the vendor's answer out."""
