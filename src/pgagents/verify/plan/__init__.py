"""The plan decides before any traffic which calls a run will try.

`options` has the caller's choices and identities, and the defaults such as the number of workers.
`selection` decides which contracts are tried (`--only`, `--skip`, `--profile`) and if the run may write.
`shards` divides them among the machines of one run. `plan` collects their probes, within a budget and for
one shard. `order` decides which probe comes first, which are a smoke run's, and which may run at the same
time.
"""
