"""Build the Model of a checked catalogue: names resolved, defaults filled in, origins kept.

`catalogue` begins, and resolves resources and workflows. `actions` resolves arguments, laws, jobs, pages
and answers, and `surfaces` the offers of each kind of caller. `shared` has the parts that these have in
common: values, calls, laws, error codes.
"""
