"""Judge any list of function tools by the rules of the vendor's API.

`tool_judge` recognises the vendor's form and finds its judge under `judges/`; `verdict` returns the
findings.
"""
