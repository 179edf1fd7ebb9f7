"""Compare how calls prove who makes them."""
