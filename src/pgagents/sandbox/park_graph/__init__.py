"""Park Graph's behaviour in the sandbox, which finds it by entry points. Only this package is about
parking.

`domain` carries out the actions: `lots` and `world` know the places, `sessions`, `fleet` and `lists` what
happens there, `money` what it costs. `audit` records and `forget` deletes, `operator` is the operator's
side, and `receipt_page` a page of its own. `faults/` and `variations/` are found by entry points too.
"""
