"""A running server made from a catalogue, in which faults and variations can be switched on.

`sandbox` builds it. A request goes through `front`: `routes` finds its action, `keys` the caller, `decode`
its arguments; then a domain acts, and `answers` writes. The domain is `mock/`, made from the catalogue
alone, or one behind an entry point, such as `park_graph/`. `store` keeps all data, `grants` those of users;
`outbox` and `deliver` send events. `setting` has the parts of a domain and the pages beside the actions.
`fault_declaration` declares what `faults/` and `variations/` change; `fault_registry` finds them. `serve`
opens the socket. No check of verify imports anything from here.
"""
