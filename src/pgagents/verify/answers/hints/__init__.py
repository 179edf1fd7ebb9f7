"""Compare what reads answer before and after a call, to judge the hints of an action."""
