"""A running server made from a catalogue, in which faults and variations can be switched on.

`sandbox` builds it. A request goes through `front`, which refuses callers without permission: `routes`
finds its action, `keys` the caller, and `limits` counts. `decode` and `bodies` (with `media/`) read its
arguments, and `idempotency` repeats an answer. Then a domain acts on a `call`, and `answers` writes. The
domain is `mock/`, made from the catalogue alone with values of `sample`, or one behind an entry point, such
as `park_graph/`. `store` keeps all data, `grants` those of users.

`outbox` and `deliver` send events to the addresses that `targets_allowed` allows. `oauth_server` is the
authorization server, `client_file` a client's metadata. `setting` has the parts of a domain and the
`pages/` beside the actions. `fault_declaration` declares what faults and variations change, with
`fault_helpers`; `fault_registry` finds and switches them on, those of `faults/` and
of `tests/faults`. `serve` opens the socket, for an `asgi` server. No check of verify imports anything from
here.
"""
