"""The plan decides before any traffic which calls a run will try.

`options` has the caller's choices and identities. `selection` decides which contracts are tried and if
the run may write. `plan` collects their probes, within a budget and for one shard. `order` decides which
probe comes first, and which may run at the same time.
"""
