"""The demands of each store on a listing: one module for each, found by its path."""
