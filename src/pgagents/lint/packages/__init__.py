"""Lint any plugin folder, ZIP or file by the rules of a store or a host.

`verdict` opens a `tree` of files, reads it as a `package`, and asks a judge of `judges/`, one module for
each store or host. A judge is mostly a table, `schemas/packages/<judge>.yaml`, whose rows `fields`
checks. `portal` and `portal_tools` simulate OpenAI's plugin portal.
"""
