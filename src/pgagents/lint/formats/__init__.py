"""The findings of lint in each form, one module a form."""
