"""Makes a catalogue of any number of actions, as a large company's would look."""

from __future__ import annotations

from collections.abc import Iterator

HEAD = """pgagents: 1
api:
  id: warehouse
  title: Warehouse
  version: 1.0.0
  server: https://warehouse.example
  contact: agents@warehouse.example
  logo: https://warehouse.example/logo.png
  terms: https://warehouse.example/terms
  privacy: https://warehouse.example/privacy
  hosted: {openai/openapi.yaml: /agents/openapi.yaml}
  for_people: Keep shelves in order.
  for_models: A warehouse with many shelves. Find a shelf first, then put or take.
security: [{token: []}]
auth:
  schemes: {token: {prefixes: {try_: test, live_: live}}}
limits:
  headers: {limit: X-Limit, remaining: X-Remaining, reset: X-Reset}
  buckets: {read: {requests: 240}, write: {requests: 60}}
errors:
  envelope: Fault
  codes: {refused: 400, no_token: 401, absent: 404, busy: 429, broken: 500}
  code_at: fault.kind
  message_at: fault.text
  always: [no_token, busy, broken]
  framework: {invalid: refused, no_key: no_token, unknown_path: absent, limited: busy, crashed: broken}
schemas:
  Fault:
    description: Every error's body
    required: [fault]
    properties:
      fault:
        required: [kind, text]
        properties: {kind: {type: string, description: The kind}, text: {type: string, description: In words}}
"""

ACTION = """  {name}:
    title: {verb} on shelf {n}
    description: "{verb} on shelf {n}: the shelf's own rules hold. Returns what stands there afterwards."
    http: {http}
    effect: {effect}
    bucket: {effect}
    input:
      box_id:
        {{type: string, minLength: 1, maxLength: 64, required: true,
         description: "Id of the box on shelf {n}"}}
      weight_kg: {{type: number, exclusiveMinimum: 0, maximum: {most}, description: Its weight in kilograms}}
      pieces: {{type: integer, minimum: 1, maximum: 50, default: 5, description: How many pieces}}
      handling:
        {{type: string, enum: [plain, fragile, frozen], default: plain, description: How to handle it}}
      label: {{type: string, pattern: "^[A-Z]{{2}}-[0-9]+$", description: "The label, for example AB-{n}"}}
    output:
      200:
        description: What stands on the shelf
        required: [shelf]
        properties:
          shelf: {{$ref: Shelf{schema}}}
    errors: [refused, absent]
    laws:
      at-most: "!has(response.shelf.pieces) || response.shelf.pieces >= 0"
    examples:
      one:
        input: {{box_id: b-{n}, weight_kg: 1.5, pieces: 2, label: AB-{n}}}
        output: {{shelf: {{id: s-{n}, pieces: 2, boxes: [{{id: b-{n}, weight_kg: 1.5}}]}}}}
"""

SCHEMA = """  Shelf{n}:
    description: A shelf of row {n}
    required: [id, pieces, boxes]
    properties:
      id: {{type: string, description: The shelf's id}}
      pieces: {{type: integer, minimum: 0, description: Pieces on it}}
      note: {{type: [string, "null"], description: A word for the packer}}
      boxes:
        type: array
        description: The boxes on it
        items:
          required: [id, weight_kg]
          properties:
            id: {{type: string, description: The box's id}}
            weight_kg: {{type: number, minimum: 0, description: Its weight}}
            due_at: {{type: string, format: date-time, description: When it is due}}
"""


def make_catalogue(actions: int) -> str:
    """A YAML text with that many actions, all on REST; every other surface has a subset within its
    vendor's limit.
    """
    return "".join(_parts(actions))


def _parts(actions: int) -> Iterator[str]:
    schemas = max(1, actions // 5)
    yield HEAD
    yield from (SCHEMA.format(n=n) for n in range(schemas))
    yield "actions:\n"
    for n in range(actions):
        write = n % 3 == 0
        yield ACTION.format(
            name=f"{'put' if write else 'find'}_{n}",
            n=n,
            verb="Put a box" if write else "Find a box",
            http=f"{'POST' if write else 'GET'} /v1/shelves/{n}/boxes",
            effect="write" if write else "read",
            most=100 + n,
            schema=n % schemas,
        )
    names = [f"{'put' if n % 3 == 0 else 'find'}_{n}" for n in range(min(actions, 128))]
    yield (
        f"groups:\n  tools: [{', '.join(names)}]\n  gpt: [{', '.join(names[:30])}]\n"
        f"  copilot: [{', '.join(names[:5])}]\n"
    )
    yield "surfaces:\n  rest: {actions: all}\n"
    yield (
        "  openai: {actions: gpt}\n  gemini: {actions: tools}\n  xai: {actions: tools}\n"
        "  perplexity: {actions: tools}\n"
    )
    yield (
        "  openai_tools: {actions: tools}\n  anthropic: {actions: tools}\n"
        "  mcp: {actions: tools, server: warehouse-mcp}\n"
    )
    yield "  ai_plugin:\n    {published_spec: openai/openapi.yaml, namespace: warehouse,\n"
    yield (
        "     auth: {type: user_http, authorization_type: bearer}, "
        "instructions: Ask the warehouse for a token.}\n"
    )
    yield (
        "  copilot:\n    {actions: copilot, name: Warehouse, namespace: warehouse, "
        "description: Keep shelves in order,\n"
    )
    yield "     published_spec: openai/openapi.yaml, package: {developer: Warehouse},\n"
    yield "     auth: {type: ApiKeyPluginVault, reference_id: warehouse_token}}\n"
