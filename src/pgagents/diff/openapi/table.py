"""The severity of each change of an OpenAPI 3.0 or 3.1 document, for callers and for readers.

Comparisons look up severities by id, the reference page shows the table, and tests keep it complete.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from pgagents.diff.change import Severity

Verdict = Severity | Literal["by value", "none", "-"]
"""A severity or one of three words.

`by value`: the accepted values or requests decide, see the note. `none`: no effect. `-`: not applicable.
"""


class Row(NamedTuple):
    """One kind of change of some keys. `callers` send requests, `readers` read answers."""

    place: str
    keys: tuple[str, ...]
    change: str
    callers: Verdict
    readers: Verdict
    id: str
    note: str = ""


def _rows(
    place: str, *rows: tuple[str, str, Verdict, Verdict, str] | tuple[str, str, Verdict, Verdict, str, str]
) -> list[Row]:
    return [Row(place, tuple(row[0].split()), *row[1:]) for row in rows]


_PLAIN = (
    "type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength "
    "pattern format maxItems minItems uniqueItems maxProperties minProperties"
)
_NESTED = (
    "allOf anyOf oneOf not if then else items prefixItems contains minContains maxContains propertyNames "
    "dependentRequired dependentSchemas unevaluatedItems unevaluatedProperties patternProperties"
)

TABLE: tuple[Row, ...] = (
    *_rows(
        "Document",
        ("openapi", "changed", "none", "none", "-", "how the document is written is no promise"),
        ("info", "changed", "wording", "wording", "-", "see Info"),
        ("jsonSchemaDialect", "changed", "may break", "may break", "dialect"),
        ("servers", "see Server", "by value", "-", "-"),
        ("security", "see Security requirement", "by value", "-", "-"),
        ("paths webhooks components", "see the objects inside", "by value", "by value", "-",
         "a component is compared where it is used"),
        ("tags externalDocs", "changed", "wording", "wording", "document-text"),
    ),
    *_rows("Info",
           ("title summary description termsOfService contact license", "changed", "wording", "wording",
            "document-text"),
           ("version", "changed", "none", "none", "-",
            "it is compared with the version that the changes ask for")),
    *_rows("Contact", ("name url email", "changed", "wording", "wording", "document-text")),
    *_rows("License", ("name identifier url", "changed", "wording", "wording", "document-text")),
    *_rows(
        "Components",
        (("schemas responses parameters examples requestBodies headers securitySchemes "
          "links callbacks pathItems"), "changed", "by value", "by value", "-",
         "compared where it is used; what nothing uses is nothing to anybody"),
    ),
    *_rows(
        "Server",
        ("url variables", "an address is gone", "breaking", "-", "server-removed",
         "operations, paths and the document have servers"),
        ("url variables", "an address is new", "addition", "-", "server-added"),
        ("url", "another address is the first", "may break", "-", "server-order",
         "most callers take the first"),
        ("description", "changed", "wording", "-", "server-text"),
    ),
    *_rows("Server variable",
           ("enum default", "see Server", "by value", "-", "-"),
           ("description", "changed", "wording", "-", "server-text")),
    *_rows(
        "Path item",
        ("get put post delete options head patch trace", "removed", "breaking", "-", "operation-removed"),
        ("get put post delete options head patch trace", "added", "addition", "-", "operation-added"),
        ("get put post delete options head patch trace", "method or path changed, operationId kept",
         "breaking", "-", "route"),
        ("query additionalOperations", "removed", "breaking", "-", "operation-removed", "of OpenAPI 3.2"),
        ("query additionalOperations", "added", "addition", "-", "operation-added", "of OpenAPI 3.2"),
        ("$ref", "changed", "by value", "by value", "-", "what stands behind it is compared"),
        ("parameters servers", "changed", "by value", "-", "-", "they belong to each operation of the path"),
        ("summary description", "changed", "none", "none", "-", "no agent and no caller gets them"),
    ),
    *_rows(
        "Operation",
        ("operationId", "changed or removed", "breaking", "-", "operation-renamed",
         "agents and generated clients call it by that name"),
        ("operationId", "added", "addition", "-", "operation-named"),
        ("summary description", "changed", "wording", "-", "description",
         "a model may call it at other times"),
        ("tags externalDocs", "changed", "wording", "-", "shown"),
        ("deprecated", "changed", "wording", "-", "deprecated"),
        ("parameters requestBody servers security", "see there", "by value", "-", "-"),
        ("responses", "see there", "-", "by value", "-"),
        ("callbacks", "a call is gone", "breaking", "-", "event-removed", "for those who receive it"),
        ("callbacks", "a call is new", "addition", "-", "event-added"),
    ),
    *_rows("Callback",
           ("{expression}", "see Operation", "by value", "by value", "-",
            "receivers read what is sent, and send the answer")),
    *_rows("Tag", ("name description externalDocs", "changed", "wording", "wording", "document-text")),
    *_rows("External documentation", ("description url", "changed", "wording", "wording", "shown")),
    *_rows(
        "Parameter",
        ("name in", "removed", "may break", "-", "parameter-removed", "who sends it may not be heard"),
        ("name in", "added", "addition", "-", "parameter-added"),
        ("name in", "added and required", "breaking", "-", "parameter-required"),
        ("name", "a placeholder of the path has another name", "may break", "-", "parameter-renamed",
         "the address is the same; agents and generated clients name it"),
        ("required", "required now", "breaking", "-", "parameter-required"),
        ("required", "optional now", "addition", "-", "parameter-optional"),
        ("schema", "see Schema", "by value", "-", "-"),
        ("style explode", "a value is written otherwise", "breaking", "-", "style"),
        ("content", "another media type", "breaking", "-", "style"),
        ("allowReserved", "given up", "may break", "-", "reserved", "`a/b` must be percent-encoded"),
        ("allowReserved", "allowed", "addition", "-", "reserved-allowed"),
        ("allowEmptyValue", "given up", "may break", "-", "empty-value"),
        ("allowEmptyValue", "allowed", "addition", "-", "empty-value-allowed"),
        ("description", "changed", "wording", "-", "parameter-text"),
        ("deprecated", "changed", "wording", "-", "parameter-text"),
        ("example examples", "changed", "wording", "-", "examples"),
    ),
    *_rows(
        "Request body",
        ("required", "required now", "breaking", "-", "body-required"),
        ("required", "optional now", "addition", "-", "body-optional"),
        ("content", "a body is new and required", "breaking", "-", "body-required"),
        ("content", "a body is new", "addition", "-", "body-added"),
        ("content", "no body any more", "may break", "-", "body-removed"),
        ("content", "a media type is gone", "breaking", "-", "media-removed"),
        ("content", "a media type is new", "addition", "-", "media-added"),
        ("description", "changed", "wording", "-", "body-text"),
    ),
    *_rows("Media type",
           ("schema", "see Schema", "by value", "by value", "-"),
           ("encoding", "see Encoding", "by value", "by value", "-"),
           ("example examples", "changed", "wording", "wording", "examples")),
    *_rows("Encoding", ("style explode", "a value is written otherwise", "breaking", "may break", "style"),
           ("contentType headers allowReserved", "changed", "may break", "may break", "encoding")),
    *_rows(
        "Responses",
        ("{status} default", "all successes are replaced", "-", "breaking", "answers-replaced"),
        ("{status}", "a success or redirect is new", "-", "may break", "answer-added"),
        ("{status}", "an error is new", "-", "addition", "error-added",
         "readers must be ready for any 4xx and 5xx (RFC 9110, 15)"),
        ("{status}", "a success or redirect is gone", "-", "may break", "answer-removed"),
        ("{status}", "an error is gone", "-", "addition", "error-removed"),
        ("{status}", "some statuses take the place of their range", "-", "addition", "answer-status-narrower",
         "their answers are compared with the range's"),
        ("default", "added or removed", "-", "by value", "-",
         "it is compared with the statuses that it stands for"),
    ),
    *_rows(
        "Response",
        ("description", "changed", "-", "wording", "answer-text"),
        ("headers", "see Header", "-", "by value", "-"),
        ("content", "the body is gone", "-", "breaking", "answer-body-removed"),
        ("content", "a body is new", "-", "addition", "answer-body-added"),
        ("content", "a media type is gone", "-", "breaking", "answer-media-removed",
         "who asks for it gets another, or 406"),
        ("content", "a media type is new", "-", "addition", "answer-media-added"),
        ("content", "a range takes the place of a media type in it", "-", "may break", "answer-media-wider",
         "an answer of another type may come"),
        ("content", "media types take the place of their range", "-", "addition", "answer-media-narrower",
         "their schemas are compared with the range's"),
        ("links", "a link is gone or another", "-", "may break", "link"),
        ("links", "a link is new", "-", "addition", "link-added"),
    ),
    *_rows("Link",
           ("operationId operationRef parameters requestBody body server", "changed", "-", "may break",
            "link"),
           ("description", "changed", "-", "wording", "answer-text")),
    *_rows(
        "Header",
        ("required", "a required one is gone, or optional now", "-", "breaking", "header-removed"),
        ("required", "always there now", "-", "addition", "header-always"),
        ("{name}", "an optional one is gone", "-", "may break", "header-optional-removed"),
        ("{name}", "new", "-", "addition", "header-added"),
        ("schema", "see Schema", "-", "by value", "-"),
        ("style explode allowReserved", "a value is written otherwise", "-", "breaking", "header-style"),
        ("content", "another media type", "-", "breaking", "header-style"),
        ("allowEmptyValue", "changed", "-", "may break", "header-empty"),
        ("description deprecated", "changed", "-", "wording", "header-text"),
        ("example examples", "changed", "-", "wording", "examples"),
    ),
    *_rows(
        "Security requirement",
        ("{scheme}", "who could call cannot any more", "breaking", "-", "security",
         "another scheme, a further one, or another scope; a new name alone makes no other scheme"),
        ("{scheme}", "no key is needed any more", "may break", "-", "security-dropped",
         "marked as a matter of safety"),
        ("{scheme}", "another way to call", "addition", "-", "security-added"),
    ),
    *_rows(
        "Security scheme",
        ("type name in scheme", "changed", "breaking", "-", "security",
         "reported for the operations that need it"),
        ("flows", "a flow is gone", "breaking", "-", "oauth"),
        ("flows", "a flow is new", "addition", "-", "oauth-added"),
        ("openIdConnectUrl", "changed", "may break", "-", "oauth-address"),
        ("bearerFormat description", "changed", "wording", "-", "security-text"),
    ),
    *_rows("OAuth flows",
           ("implicit password clientCredentials authorizationCode", "removed", "breaking", "-", "oauth")),
    *_rows(
        "OAuth flow",
        ("authorizationUrl tokenUrl", "changed", "breaking", "-", "oauth"),
        ("refreshUrl", "changed", "may break", "-", "oauth-address"),
        ("scopes", "a scope is gone", "breaking", "-", "oauth"),
        ("scopes", "a scope is new", "addition", "-", "oauth-added"),
    ),
    *_rows("Example",
           ("summary description value externalValue", "changed", "wording", "wording", "examples")),
    *_rows("Reference", ("$ref", "changed", "by value", "by value", "-", "what stands behind it is compared"),
           ("summary description", "changed", "none", "none", "-")),
    *_rows(
        "Schema",
        (_PLAIN, "takes less", "breaking", "addition", "narrower",
         "with a value that shows it; what cannot be decided may break"),
        (_PLAIN, "takes more", "addition", "breaking", "wider"),
        ("nullable", "takes less or more", "by value", "by value", "-",
         "as the type null; without a type it may break"),
        (_NESTED, "takes less or more", "by value", "by value", "-",
         "branches of unions are compared one by one"),
        ("properties", "an optional member is new", "addition", "addition", "member-added"),
        ("properties", "a required member is new", "breaking", "addition", "member-required"),
        ("properties", "an optional member is gone", "may break", "may break", "member-removed",
         "breaking for callers where unnamed members are refused"),
        ("properties", "a required member is gone", "may break", "breaking", "member-removed"),
        ("required", "required now", "breaking", "addition", "member-required"),
        ("required", "optional now", "addition", "breaking", "wider"),
        ("additionalProperties", "unnamed members are refused now", "by value", "addition", "narrower",
         "breaking where they were allowed in so many words; else it may break"),
        ("additionalProperties", "unnamed members are allowed now", "addition", "addition", "wider"),
        ("additionalProperties", "another schema", "by value", "by value", "-"),
        ("default", "changed or removed", "may break", "none", "default"),
        ("default", "added", "wording", "none", "default", "nothing was promised before"),
        ("readOnly", "not to be sent any more", "may break", "none", "read-only",
         "such a member is required of answers only"),
        ("readOnly", "may be sent now", "addition", "none", "read-only"),
        ("writeOnly", "not answered any more", "none", "may break", "write-only",
         "such a member is required of requests only"),
        ("writeOnly", "answered now", "none", "addition", "write-only"),
        ("discriminator contentEncoding contentMediaType", "changed", "may break", "may break", "narrower"),
        ("$id $anchor $dynamicRef $dynamicAnchor $vocabulary", "changed", "may break", "may break",
         "narrower", "so does any keyword that is not known"),
        ("xml", "changed", "may break", "may break", "narrower",
         "where any body is XML; else nobody notices"),
        ("$schema $defs $comment contentSchema", "changed", "none", "none", "-"),
        ("$ref", "changed", "by value", "by value", "-", "what stands behind it is compared"),
        ("title description example examples externalDocs deprecated", "changed", "wording", "wording",
         "text"),
    ),
    *_rows("Discriminator", ("propertyName mapping", "changed", "may break", "may break", "narrower")),
    *_rows("XML",
           ("name namespace prefix attribute wrapped", "changed", "may break", "may break", "narrower",
            "see Schema")),
    *_rows(
        "Extension",
        ("x-openai-isConsequential", "a person is not asked any more", "may break", "-",
         "consequential-dropped", "marked as a matter of safety"),
        ("x-openai-isConsequential", "a person is asked now", "may break", "-", "consequential"),
        ("x-webhooks", "as webhooks", "by value", "by value", "-"),
        ("x-", "changed", "none", "none", "-", "any other"),
    ),
)  # fmt: skip

_FOUND: dict[str, Row] = {row.id: row for row in reversed(TABLE)}


def severity(id: str) -> Severity:
    """Return the severity of a change with this id, for the affected side.

    Raises KeyError for an unknown id.
    """
    row = _FOUND[id]
    for verdict in (row.callers, row.readers):
        if verdict in ("breaking", "may break", "addition", "wording"):
            return verdict
    raise KeyError(id)
