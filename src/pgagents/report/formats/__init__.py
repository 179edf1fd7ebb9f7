"""The report in each form, one module a form."""
