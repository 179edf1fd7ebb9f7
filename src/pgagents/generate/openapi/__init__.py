"""Make OpenAPI documents from the Model.

`document` builds a whole one in a profile: each action becomes an operation, each event a webhook.
`dispatch` describes a dispatcher, `refusals` the error responses, and `parts` has what they share.
`overlay` hands back to somebody's own document what a catalogue adds to it.
"""
