"""Pages that need no key and are no action; one module each, with the functions that
`sandbox/hosting/site.py` lists.
"""
