"""Values of arguments, valid and invalid, from JSON Schemas. Nothing here knows a catalogue or sends.

`schema_values` makes valid values, `invalid_values` values that break one keyword alone. `generators`
asks Schemathesis and Hypothesis, and is the only module that imports them. `bounds` keeps values small
enough.
"""
