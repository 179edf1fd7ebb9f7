"""Calls to make, for several checks. A call that only one check makes stands in the check itself.

Valid calls: `boundary` at the limits of schemas, `generated` by Schemathesis, `argument_values` and
`law_fixtures` to reveal broken laws. `generated` also makes a failing call smaller.
Invalid ones: `invalid`, `combined`, `malformed` (bodies) and `paths`. `as_sent` decides if a call is
invalid as it is sent, and `coercion` if frameworks make it right. What asks: `paging`, `page_walk`,
`removed_instances` (and ids that none has), `shared_rows` (of two keys), `instance_changes`,
`workflow_steps`, `event_steps`, `tool_effects` and `discovery`. `projection_index` knows which calls the
vendors' documents allow. The values come from `verify/values`.
"""
