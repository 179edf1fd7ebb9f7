"""The base of all rooms: text, places in files, reading and writing of data, HTTP, errors.

`text` quotes, compares, suggests and finds card numbers; `acting` tells by words whether a call acts,
`acting_prose` whether its description says so, `acting_abroad` whether words of another language do, and
`verbs` knows what verbs do. `places` has a text's data
with the place of every value, from which a finding's line comes. `reading` makes it from YAML and JSON, and
`writing` makes text of data. `yaml_advice` says what to write where a text is not YAML. `errors` has
diagnostics and the exceptions with their exit codes. `http` has requests, answers, codings (also of
compressed answers) and TLS. `pictures` reads the sizes of images. `registry` finds modules and shipped
folders by their paths. The folders `cel` (the language of laws) and `jsonschema` (walk, combine, compile)
hold one library each. Nothing here knows a catalogue.
"""
