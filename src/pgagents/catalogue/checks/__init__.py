"""Checks on a catalogue that pydantic's classes cannot make: references, paths, expressions, examples, and
more.

`checker` compiles expressions and collects problems at their places, such as a name in a law that is
unknown; `templates` finds what other tools put into a text, as `${fresh.text}`. Every other module checks a
part: `parts` (all but actions), `actions`, `sending` (paths and bodies), `shapes` (schemas), `laws`,
`refusals`, `security`, `surfaces` and `listings`. `surfaces` also adds the hints that follow from an action's
facts. The refusals of stores stand in `stores/`, a module for each.
"""
