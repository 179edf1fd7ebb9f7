"""Compare how calls authenticate."""
