"""Checks on a catalogue that pydantic's classes cannot make: references, paths, expressions, examples, and
more.

`checker` compiles expressions and collects problems at their places. Every other module checks a part:
`parts` (all but actions), `actions`, `sending` (paths and bodies), `shapes` (schemas), `laws`, `refusals`,
`security`, `surfaces` and `listings`. The refusals of stores stand in `stores/`, a module for each.
"""
