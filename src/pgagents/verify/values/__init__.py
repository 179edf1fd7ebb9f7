"""Values of arguments, valid and invalid, from JSON Schemas. Nothing here knows a catalogue or sends.

`schema_values` makes valid values, `made_up` those that suit a name and a day, `invalid_values` values
that break one keyword alone, and `combining` random calls of both. `generators` asks Schemathesis and
Hypothesis, and is the only module that imports them. `bounds` keeps values small enough.
"""
