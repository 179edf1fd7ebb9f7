"""The API around its actions as written in the catalogue: addresses, keys, limits, behaviour."""
