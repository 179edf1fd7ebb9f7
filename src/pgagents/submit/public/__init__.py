"""A store's view of a public host: its addresses, pages, sign-in and the proof of its domain."""
