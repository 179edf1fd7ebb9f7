"""Many APIs together: one file names them, and each is verified by a `pgagents verify` of its own.

`fleet_file` reads the file. `matrix` makes a job of each API or shard, for a CI matrix or for a run.
"""
