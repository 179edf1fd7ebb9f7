"""A table of the catalogue's keys: how bad a change of each is, for callers and for readers.

Comparisons do not read the table; each module beside it rates its own changes. The table is for the
reference, and for tests. They change each key of real catalogues, and compare the rating with the table.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """Keys of one part with their severities. Each severity is for a loss, a gain or another change."""

    part: str
    keys: tuple[str, ...]
    callers: str
    readers: str
    note: str = ""


def _row(part: str, keys: str, callers: str, readers: str, note: str = "") -> Row:
    return Row(part, tuple(keys.split()), callers, readers, note)


_SCHEMA = (
    "$ref additionalProperties allOf anyOf const enum exclusiveMaximum exclusiveMinimum format items "
    "maxItems maxLength maxProperties maximum minItems minLength minProperties minimum multipleOf oneOf "
    "pattern properties required type uniqueItems not if then else prefixItems contains minContains "
    "maxContains patternProperties propertyNames dependentRequired dependentSchemas unevaluatedProperties "
    "unevaluatedItems discriminator"
)
_WORDS = "title description examples deprecated contentEncoding contentMediaType"
_TESTS = "read by tests, and by no caller"

CATALOGUE: tuple[Row, ...] = (
    _row("Catalogue", "pgagents", "none", "none", "how the catalogue is written is no promise"),
    _row("Catalogue",
         "actions api auth errors groups headers limits behaviour schemas security surfaces webhooks",
         "by value", "by value"),
    _row("Catalogue", "idempotency audit browsers retention", "may break", "may break"),
    _row("Catalogue", "env excluded operator resources sandbox workflows", "wording", "-", _TESTS),
    _row("Action", "http effect costs sends security signed", "breaking, may break", "-"),
    _row("Action", "may_cost may_send", "breaking", "-", "as `costs` and `sends`, which nobody has settled"),
    _row("Action", "destructive idempotent open_world", "breaking, addition, wording", "-",
         "hosts decide by them whether they ask a person"),
    _row("Action", "may_change", "may break", "-"),
    _row("Hint", "value reason", "breaking, addition, wording", "-", "as the hint that it is part of"),
    _row("Effect", "value reason", "breaking, wording", "-"),
    _row("Action", "server", "breaking", "-", "a key is not sent to a server that nobody expects"),
    _row("Action", "content_type", "breaking", "-", "a body of another type is another request"),
    _row("Action", "max_body_bytes", "breaking, addition", "-", "a smaller one breaks who sends more"),
    _row("Action", "operation_id", "breaking", "-", "agents call it by that name"),
    _row("Action", "formerly", "breaking, may break, addition, wording", "-",
         "an old name that is not offered any more breaks"),
    _row("Action", "confirm", "breaking, may break, wording", "-",
         "a dropped question is a matter of safety"),
    _row("Action", "scope", "breaking, addition", "-"),
    _row("Action", "bucket", "may break", "-"),
    _row("Action", "idempotency", "breaking, may break", "-"),
    _row("Action", "equal_calls_s", "breaking, may break", "-", "a repeated call is a second one, or none"),
    _row("Action", "input unknown", "by value", "-"),
    _row("Action", "output", "-", "by value"),
    _row("Action", "errors", "-", "may break, addition"),
    _row("Action", "other_statuses", "-", "may break, addition", "an answer that nobody expects may come"),
    _row("Action", "otherwise", "may break", "-", "wrong arguments are refused with another code"),
    _row("Action", "laws relations", "may break, addition", "may break, addition"),
    _row("Action", "tenant", "may break", "-"),
    _row("Deprecated", "since sunset instead", "breaking, may break, addition, wording", "-",
         "an earlier end breaks who waits"),
    _row("Action", "etag if_match", "breaking, addition, may break", "-"),
    _row("Action", "either", "breaking, addition", "-", "more to choose from is an addition"),
    _row("Action", "job", "breaking, may break, addition", "-", "who takes the answer for the end is wrong"),
    _row("Job", "resource done failed within_s reason", "breaking, addition", "-"),
    _row("Action", "pages", "breaking, addition", "-", "who walks the pages the old way gets lost"),
    _row("Action", "may_name_none", "may break", "-"),
    _row("Action", "deprecated", "breaking, may break, addition, wording", "-",
         "its days are headers of answers"),
    _row("Action", "title description texts tags examples", "wording, breaking", "-",
         "a function's own name breaks"),
    _row("Action", "cite", "none", "none", _TESTS),
    _row("Param", _SCHEMA, "by value", "-", "taking less breaks, taking more is an addition"),
    _row("Param", "in wire style explode content_type allow_reserved", "breaking", "-"),
    _row("Param", "media max_bytes", "by value", "-", "taking less breaks, taking more is an addition"),
    _row("Param", "default", "may break", "-", "calls without it mean something else"),
    _row("Param", f"{_WORDS} readOnly writeOnly", "wording, none", "-"),
    _row("Param", "otherwise", "may break", "-", "a wrong value is refused with another code"),
    _row("Param", "refers_to private secret", "none", "-", _TESTS),
    _row("Output", f"{_SCHEMA} content_type media max_bytes events ends_within_s", "-", "by value",
         "what could not come before breaks; a new member is an addition"),
    _row("Output", "headers", "-", "breaking, may break, addition", "who reads one that is gone breaks"),
    _row("AnswerHeader", f"{_SCHEMA}", "-", "breaking, may break, addition"),
    _row("AnswerHeader", f"{_WORDS} default readOnly writeOnly", "-", "wording, none"),
    _row("AnswerHeader", "private secret", "-", "none", _TESTS),
    _row("Output", f"{_WORDS} default readOnly writeOnly", "-", "wording, none"),
    _row("Output", "private secret", "-", "none", _TESTS),
    _row("Schema", _SCHEMA, "by value", "by value", "as the argument or the answer that it is part of"),
    _row("Schema", f"{_WORDS} default", "wording, none, may break", "wording, none"),
    _row("Schema", "readOnly", "by value", "by value", "such a member is required of answers only"),
    _row("Schema", "writeOnly", "by value", "by value", "such a member is required of requests only"),
    _row("Schema", "private secret", "none", "none", _TESTS),
    _row("Discriminator", "propertyName mapping", "none", "none", "the alternatives decide what is taken"),
    _row("Api", "server request_headers", "breaking", "-"),
    _row("Api", "id other_servers", "may break", "-"),
    _row("Api", "hosted", "breaking, addition", "-"),
    _row("Api", "contact docs for_models for_people logo privacy terms title", "wording", "wording"),
    _row("Api", "version", "none", "none", "it is compared with the version that the changes ask for"),
    _row("Server", "url note", "may break", "-"),
    _row("Api", "servers", "breaking, may break, addition", "-"),
    _row("TemplateServer", "url variables", "breaking, may break", "-"),
    _row("OwnServer", "url variables description", "breaking, may break", "-"),
    _row("ServerVariable", "default enum description", "breaking, may break", "-"),
    _row("Flows", "client_credentials authorization_code", "by value", "-"),
    _row("ClientCredentials", "token_url scopes audience client_in", "breaking, addition", "-"),
    _row("Auth", "schemes plans", "by value", "-"),
    _row("Auth", "scopes", "wording, may break", "-"),
    _row("Auth", "roles", "wording", "-", _TESTS),
    _row("Scheme", "flows type in name value", "breaking", "-"),
    _row("Scheme", "also_accepted", "breaking, addition", "-"),
    _row("Scheme", "prefixes", "may break", "-"),
    _row("Scheme", "description issue_at", "wording", "-"),
    _row("Scheme", "inferred", "none", "-", _TESTS),
    _row("AuthorizationCode", "authorization_url token_url revocation_url metadata_url resource_metadata_url "
         "pkce_binds scopes needs", "breaking, addition, may break", "-"),
    _row("AuthorizationCode", "access_s refresh_s refresh_rotates", "may break", "-"),
    _row("AuthorizationCode", "cite", "wording", "-", _TESTS),
    _row("Role", "description env group mode operator plan project revoked surface", "wording", "-", _TESTS),
    _row("Limits", "buckets", "breaking, addition, may break", "-"),
    _row("Limits", "max_body_bytes headers reset_unit", "breaking, addition", "breaking, addition"),
    _row("Limits", "budgets end_user unlimited", "may break", "-"),
    _row("Bucket", "requests per_s of", "breaking, addition", "-", "fewer calls break, more are an addition"),
    _row("Bucket", "refill when", "may break", "-"),
    _row("Bucket", "description cite", "wording", "-"),
    _row("Budgets", "characters items seconds", "may break", "-"),
    _row("Limits", "status", "-", "breaking"),
    _row("Limits", "inferred", "none", "-", _TESTS),
    _row("LimitHeaders", "limit remaining reset retry ietf usage pattern", "-", "breaking, addition"),
    _row("Errors", "code_at message_at content_type when", "-", "breaking, addition"),
    _row("Errors", "request_id_at field_at field_of_several scope_at", "-", "breaking, addition"),
    _row("Errors", "envelope edge", "-", "may break, breaking"),
    _row("Errors", "codes always framework", "-", "by value"),
    _row("Errors", "inferred", "none", "-", _TESTS),
    _row("Code", "status wire", "-", "breaking"),
    _row("Code", "code_at message_at content_type", "-", "breaking, none",
         "none where nothing was said before"),
    _row("Code", "envelope meaning only", "-", "may break, wording"),
    _row("Code", "when", "-", "may break, wording"),
    _row("Code", "cite provoked_by", "-", "wording", _TESTS),
    _row("Edge", "status retry", "-", "may break"),
    _row("Edge", "cite", "-", "may break, wording"),
    _row("Framework",
         "bad_body crashed invalid limited missing no_key no_object no_scope plaintext unknown "
         "too_large unknown_path wrong_key wrong_media wrong_method wrong_type", "-", "may break"),
    _row("Header", "on const schema", "-", "breaking, may break"),
    _row("Header", "https description cite", "-", "may break, wording"),
    _row("Idempotency", "of lives_s not_used_up_by otherwise", "may break", "-"),
    _row("Idempotency", "inferred", "none", "-", _TESTS),
    _row("Idempotency", "cite", "may break", "-", "the whole section is compared as one"),
    _row("Behaviour",
         "absent_id_first auth_first content_type foreign_id head last_page literal_path order_of_ties "
         "other_tools redirect_uris redirects refused_status repeated_member replay time_fraction time_zone "
         "trailing_slash unknown_member unknown_query", "may break, addition", "may break, addition",
         "a point that was open and is fixed now is an addition"),
    _row("Surface", "actions", "breaking, addition, none", "-"),
    _row("Surface", "omit", "breaking, addition", "-"),
    _row("Surface", "narrow", "by value", "-", "as the argument that it renames or narrows"),
    _row("Narrowing", "as required minimum maximum minLength maxLength minItems maxItems enum",
         "by value", "-"),
    _row("Narrowing", "default", "may break", "-", "calls without it mean something else"),
    _row("Surface", "auth dispatcher env namespace published_spec", "breaking", "-"),
    _row("Surface", "server", "breaking, addition, wording", "-"),
    _row("McpServer", "url package transport security", "breaking, addition", "-"),
    _row("McpServer", "version", "wording", "-"),
    _row("Surface", "arguments form http operation_id scope selector", "breaking", "-"),
    _row("Surface", "responses", "-", "may break"),
    _row("Surface", "extra headers attribution package page", "may break, wording", "-"),
    _row("Surface", "description instructions name starters title", "wording", "-"),
    _row("Surface", "cite", "none", "-", _TESTS),
    _row("Surface", "listing", "wording, may break", "-"),
    _row("Surface", "cases", "wording", "-", _TESTS),
    _row("Cases", "negative positive", "wording", "-", _TESTS),
    _row("PositiveCase", "calls description draft expect outcome prompt", "wording", "-", _TESTS),
    _row("NegativeCase", "asks_first description draft not_offered prompt refused", "wording", "-", _TESTS),
    _row("CaseCall", "arguments name tool", "wording", "-", _TESTS),
    _row("RefusedCall", "arguments code tool", "wording", "-", _TESTS),
    _row("Listing", "id", "may break", "-"),
    _row("Listing", "capabilities category colour colour_dark commerce countries demo description developer "
         "icon keywords license privacy release_notes skills subtitle support terms translations website",
         "wording", "-"),
    _row("Listing", "version", "none", "-", "it is the number of the package"),
    _row("Developer", "name email url", "wording", "-"),
    _row("Translation", "subtitle description", "wording", "-"),
    _row("McpEnv", "key url", "breaking", "-"),
    _row("AppPackage", "accent developer id website", "may break", "-"),
    _row("Page", "columns dispatcher items label labels lat lng many one path places radius_km",
         "may break", "-"),
    _row("PageColumn", "as of per show title", "may break", "-"),
    _row("Texts", "name", "breaking, may break", "-"),
    _row("Texts", "description params reasoning responding title", "wording", "-"),
    _row("Pages", "argument bound bound_to items more next size", "breaking, addition", "-"),
    _row("Pages", "stable", "may break, addition", "-"),
    _row("Pages", "inferred", "none", "-", _TESTS),
    _row("Confirm", "body title", "wording", "-"),
    _row("Example", "at before headers input output status title", "wording", "wording"),
    _row("Law", "that when", "may break", "may break"),
    _row("Law", "cite", "none", "none", _TESTS),
    _row("Relation", "by fits keeps unless widen", "may break", "may break"),
    _row("Relation", "cite", "none", "none", _TESTS),
    _row("Signed", "header id otherwise role scheme time tolerance_s", "breaking", "-"),
    _row("Webhooks", "signature registered_by envelope", "-", "breaking"),
    _row("Webhooks", "events", "-", "breaking, addition"),
    _row("Webhooks", "again_within_s cite data_at id_at secret_at targets type_at types url within_s", "-",
         "may break, wording"),
    _row("Webhooks", "version versions", "-", "breaking, addition"),
    _row("WebhookVersion", "envelope id_at type_at data_at", "-", "breaking"),
    _row("Event", "data", "-", "breaking"),
    _row("Event", "about by cite description", "-", "may break, wording"),
    _row("Signature", "header scheme tolerance_s", "-", "breaking"),
    _row("Audit", "about action actor as at cite diff listed_by never reads_on", "-", "may break"),
    _row("Browsers", "cite credentials origins", "may break", "-"),
    _row("Retention", "after_s cite of then", "may break", "-"),
    _row("Resource",
         "absent body_at cite expires_by fixed found_by given gone_when id inferred initial laws listed_by "
         "made_by missing moves moves_by_time read_by reads_change state states takes tenant undone_by "
         "unique volatile within",
         "wording", "-", _TESTS),
    _row("Takes", "by counter of read_by", "wording", "-", _TESTS),
    _row("Move", "from input otherwise to", "wording", "-", _TESTS),
    _row("TimedMove", "at from to", "wording", "-", _TESTS),
    _row("Unique", "cite members otherwise", "wording", "-", _TESTS),
    _row("CatalogueCall", "action at id input where", "wording", "-", _TESTS),
    _row("Operator", "actions clock", "wording", "-", _TESTS),
    _row("Sandbox", "domain", "wording", "-", _TESTS),
    _row("Workflow", "cite description needs only_verify steps title", "wording", "-", _TESTS),
    _row("Step",
         "action after_s as expect expect_alone expect_timed headers input keep key status via within_s",
         "wording", "-", _TESTS),
)  # fmt: skip


def verdicts(row: Row) -> set[str]:
    """Return all severities that a change of these keys may have."""
    said = {word.strip() for text in (row.callers, row.readers) for word in text.split(",")}
    return {"breaking", "may break", "addition", "wording", "none"} if "by value" in said else said - {"-"}
