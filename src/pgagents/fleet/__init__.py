"""Many APIs together: one file names them, and each is verified by a `pgagents verify` of its own.

`fleet_file` reads the file. `matrix` makes a job of each API or shard, for a CI matrix or for a run.

`run_folder` keeps the folder of a run, and `cluster` gives its jobs to Dask. On a worker, `attempt` carries
out a job under a lease of its server (`leases`), and `guard` ends the process with its worker.

`summary` reads the reports of the jobs: a score for each API, what would raise it most, and the trend.
`one_sarif` joins all findings, and `page` shows the whole.
"""
