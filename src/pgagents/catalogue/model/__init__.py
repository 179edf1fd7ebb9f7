"""The values that every later room reads: the resolved catalogue and its parts.

`model` is the whole, with its servers. `action` has actions, arguments and laws; `answers` what comes back:
outputs, error codes, limits, pages, and the seconds that a header such as Retry-After names. `resource` has
resources and workflows, `surface` what is offered to whom, and `listing` what a store shows. `values` makes
values that an argument surely allows. `credential` says how a caller proves who calls, and `identity` which
secret a role has. Kinds of credentials (`credentials/`) and formats of signatures (`signatures/`) are found
by path.
"""
