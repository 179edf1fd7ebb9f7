"""The table of the catalogue's keys: how bad a change of each is, for callers and readers, and who finds it.

`compare.py` walks both editions along this table, part by part and row by row. Most rows say all that a
change needs: an id, a severity and a text. Where values decide (is a shorter limit a break?), the row names a
function of `actions.py`, `api.py` or `auth.py`. A row without either has keys that the row of a larger value
compares, or that are nothing to anybody. The reference is made from the table, and tests change each key of
real catalogues and hold the result to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from pgagents.base.text import brief
from pgagents.diff import actions, api, auth
from pgagents.diff.change import ORDER, Change, Severity, Sides

Compare = Callable[[Sides], Iterator[Change]]
Text = str | Callable[[Any, Any], str]
"""A text with `{key}`, `{was}`, `{now}`, `{name}` or `{owner}` in it, or a function of both values."""


class Say(NamedTuple):
    """The rating of a change: its severity, its text, and if it affects the protection of people."""

    severity: Severity
    text: Text
    safety: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """The texts that tell of a changed key, or of a lost or new part.

    `lost` and `gained` are said instead of a value that is given up, and of one that was not said before.
    Without them `changed` is said of these too. `at` are the steps to the place of the change; None means
    the key. `read` returns a field of the model.
    """

    id: str
    changed: Say | None = None
    lost: Say | None = None
    gained: Say | None = None
    at: tuple[str, ...] | None = None
    read: Callable[[Any, str], Any] = lambda part, field: attrgetter(field)(part)

    @property
    def severities(self) -> tuple[Severity, ...]:
        """All severities that a change may have, the worst first."""
        rated = {say.severity for say in (self.changed, self.lost, self.gained) if say}
        return tuple(sorted(rated, key=ORDER.index))


@dataclass(frozen=True, slots=True)
class Parts:
    """Values that are parts of their own, which `match` yields in pairs and the rows of `inside` compare."""

    inside: str
    match: Callable[[Sides], Iterable[Sides]]
    lost: Told | Compare | None = None
    gained: Told | Compare | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Keys of one part of the language, the severities of their changes, and how these are found.

    Severities may be `none` or `by value`, or `-` for those whom a change does not concern. `within` is the
    part whose comparison visits the row. `fields` are those of the model that say what the keys say. A row
    may be found in several ways; without one, the row of a larger value finds its changes.
    """

    part: str
    keys: tuple[str, ...]
    callers: tuple[str, ...]
    readers: tuple[str, ...]
    note: str
    how: tuple[Told | Parts | Compare, ...]
    within: str
    fields: tuple[str, ...]


_AS_TOLD = "as told"


def _row(
    part: str,
    keys: str,
    callers: str,
    readers: str,
    *how: Told | Parts | Compare,
    note: str = "",
    within: str = "",
    fields: str = "",
) -> Row:
    """Return a row. For `_AS_TOLD` its severities are those of the `Told`."""
    told = tuple(severity for one in how if isinstance(one, Told) for severity in one.severities)
    columns = [
        (*told, *text.split(", ")[1:]) if text.startswith(_AS_TOLD) else tuple(text.split(", "))
        for text in (callers, readers)
    ]
    return Row(
        part,
        tuple(keys.split()),
        columns[0],
        columns[1],
        note,
        how,
        within or part,
        tuple((fields or keys).split()),
    )


def _section(key: str) -> Callable[[Sides], Iterable[Sides]]:
    """Return what yields a section of both editions, if any has it."""

    def match(s: Sides) -> Iterator[Sides]:
        a, b = getattr(s.old, key), getattr(s.new, key)
        if a is not None or b is not None:
            yield s.part(a, b, key)

    return match


def _read_section(model: Any, key: str) -> Any:
    """Return a section as it is written in the catalogue."""
    data = model.source.data
    return data.get(key) if isinstance(data, dict) else None


def _api_text(key: str) -> Told:
    """Return how another text of the API is told, with its beginning."""
    return Told(
        f"api-{key.replace('_', '-')}",
        Say("wording", lambda _, now: f"{key} is another: {brief(str(now), 80)}"),
    )


_SCHEMA = (
    "$ref additionalProperties allOf anyOf const enum exclusiveMaximum exclusiveMinimum format items "
    "maxItems maxLength maxProperties maximum minItems minLength minProperties minimum multipleOf oneOf "
    "pattern properties type uniqueItems not if then else prefixItems contains minContains "
    "maxContains patternProperties propertyNames dependentRequired dependentSchemas unevaluatedProperties "
    "unevaluatedItems discriminator"
)
_WORDS = "title examples deprecated contentEncoding contentMediaType"
_TESTS = "read by tests, and by no caller"
_IS_NOW = "its {key} is {now} now, was {was}"
_DISPATCHER = Told("dispatcher", Say("breaking", _IS_NOW), at=())
_OTHER_SETTING = Told("surface-setting", Say("breaking", "its {key} is {now!s} now"), at=())
_SETTING = Told("surface-setting", Say("may break", "its {key} changed"), at=())
_ACTION_SETTING = Told("setting", Say("may break", "its {key} changed"))
_SHOWN = Told("shown", Say("wording", "its {key} changed"), read=actions.show)
_SURFACE_TEXT = Told(
    "surface-text",
    Say("wording", "its {key} changed, so an assistant may choose it at other times"),
    at=(),
)
_SECTION = Told("section", Say("may break", "`{key}` changed"), read=_read_section)
_OF_TESTS = Told("section", Say("wording", "`{key}` changed (read by tests alone)"), read=_read_section)
_ERROR = "{key} is {now} now, was {was}"
_ERROR_FORM = Told("error-form", Say("breaking", _ERROR), gained=Say("addition", _ERROR))
_OF_LIMITS = "{key} of the limits changed"
_LIMIT_HEADERS = Told("limit-headers", Say("breaking", _OF_LIMITS), gained=Say("addition", _OF_LIMITS))
_ASKS = "hosts decide by it whether they ask a person"

CATALOGUE: tuple[Row, ...] = (
    _row("Catalogue", "pgagents", "none", "none", note="how the catalogue is written is not a promise"),
    _row("Catalogue", "groups security", "by value", "by value", note="compared where it is used"),
    _row("Catalogue", "actions", "by value", "by value", Parts(
        "Action", actions.match_actions,
        lost=Told("action-removed", Say("breaking", "is gone")),
        gained=Told("action-added", Say("addition", "is new")))),
    _row("Catalogue", "api", "by value", "by value", Parts("Api", _section("api"))),
    _row("Catalogue", "auth", "by value", "by value", Parts("Auth", _section("auth"))),
    _row("Catalogue", "limits", "by value", "by value", Parts("Limits", _section("limits"))),
    _row("Catalogue", "errors", "by value", "by value", Parts("Errors", _section("errors"))),
    _row("Catalogue", "headers", "by value", "by value", Parts(
        "Header", api.match_headers,
        lost=Told("header-removed", Say("breaking", "header {name} is promised no more")),
        gained=Told("header-added", Say("addition", "header {name} is promised now")))),
    _row("Catalogue", "behaviour", "by value", "by value", Parts("Behaviour", _section("behaviour"))),
    _row("Catalogue", "surfaces", "by value", "by value", Parts(
        "Surface", api.match_surfaces,
        lost=Told("surface-removed", Say("breaking", "nothing is offered on {name} any more")),
        gained=Told("surface-added", Say("addition", "is new")))),
    _row("Surface", "form", "breaking", "-", Parts(
        "Dispatcher", api.match_dispatchers,
        lost=Told("dispatcher", Say("breaking", "it is not a dispatcher any more"))), within="Catalogue",
        fields="dispatcher"),
    _row("Catalogue", "webhooks", "by value", "by value", Parts(
        "Webhooks", _section("webhooks"),
        lost=Told("events", Say("breaking", "no events are sent any more")),
        gained=Told("events", Say("addition", "events are sent now")))),
    _row("Catalogue", "schemas", "by value", "by value", api.compare_schema_texts),
    _row("Catalogue", "audit browsers idempotency retention", _AS_TOLD, _AS_TOLD, _SECTION),
    _row("Catalogue", "env excluded operator resources sandbox workflows", _AS_TOLD, "-", _OF_TESTS,
         note=_TESTS),

    _row("Action", "http", "breaking, addition", "-", actions.compare_routes,
         fields="name method path alias_of headers origin"),
    _row("Action", "server", "breaking", "-", actions.compare_action_servers,
         note="a key is not sent to a server that nobody expects"),
    _row("Action", "operation_id", "breaking", "-", actions.compare_operation_ids,
         note="agents call it by that name"),
    _row("Texts", "name", "breaking, may break", "-", actions.compare_function_names, within="Action",
         fields="texts"),
    _row("Action", "formerly", "breaking, may break, addition, wording", "-", actions.compare_former_names,
         note="an old name that is not offered any more breaks"),
    _row("Action", "effect", f"{_AS_TOLD}, wording", "-", Told("effect", Say(
        "breaking", "effect is {now} now, was {was}: review every caller that does not ask first",
        safety=True)), actions.compare_reasons("read_only")),
    _row("Action", "confirm", "breaking, may break, wording", "-", actions.compare_confirmations,
         note="a dropped question is a matter of safety", fields="confirm_title confirm_body"),
    _row("Action", "costs", _AS_TOLD, "-", Told(
        "costs",
        gained=Say("breaking", "moves money now", safety=True),
        lost=Say("breaking", "is no longer said to be one that moves money: hosts may call it without asking",
                 safety=True))),
    _row("Action", "sends", _AS_TOLD, "-", Told(
        "sends",
        gained=Say("breaking", "sends something to people now", safety=True),
        lost=Say("breaking",
                 "is no longer said to send something to people: hosts may call it without asking",
                 safety=True))),
    _row("Action", "destructive", f"{_AS_TOLD}, wording", "-", Told(
        "destructive",
        gained=Say("breaking", "may remove, overwrite or end something now", safety=True),
        lost=Say("breaking",
                 "is no longer said to remove, overwrite or end anything: hosts may call it without asking",
                 safety=True)),
        actions.compare_reasons("destructive"), note=_ASKS, fields="hints.destructive.value"),
    _row("Action", "idempotent", f"{_AS_TOLD}, wording", "-", Told(
        "idempotent",
        gained=Say("addition", "may be called again without a further effect now", safety=True),
        lost=Say("breaking", "is no longer idempotent: a repeated call is a second one", safety=True)),
        actions.compare_reasons("idempotent"), note=_ASKS, fields="hints.idempotent.value"),
    _row("Action", "open_world", f"{_AS_TOLD}, wording", "-", Told(
        "open-world",
        gained=Say("breaking", "reaches beyond the API's own data now", safety=True),
        lost=Say("addition", "is said to reach only the API's own data now", safety=True)),
        actions.compare_reasons("open_world"), note=_ASKS, fields="hints.open_world.value"),
    _row("Hint", "value reason", "breaking, addition, wording", "-", note="as the hint that it is part of"),
    _row("Effect", "value reason", "breaking, wording", "-", note="as the effect that it is part of"),
    _row("Action", "security", "breaking, may break, addition", "-", auth.compare_ways,
         fields="key security"),
    _row("Action", "scope", _AS_TOLD, "-", Told(
        "scope",
        Say("breaking", lambda was, now: f"needs scope {now} now, was {was or 'none'}"),
        lost=Say("addition", "needs scope none now, was {was}"))),
    _row("Action", "bucket", _AS_TOLD, "-", Told("bucket", Say(
        "may break", lambda was, now: f"draws from {now or 'no bucket'} now, was {was or 'none'}"))),
    _row("Action", "idempotency", _AS_TOLD, "-", Told(
        "idempotency",
        Say("breaking", "idempotency key is {now} now"),
        gained=Say("may break", "idempotency key is {now} now"),
        lost=Say("breaking", "has no idempotency key any more: a repeated call is a second one",
                 safety=True))),
    _row("Action", "equal_calls_s", "breaking, may break", "-", actions.compare_equal_calls,
         note="a repeated call is a second one, or none"),
    _row("Deprecated", "since sunset instead", "breaking, may break, addition, wording", "-",
         actions.compare_ends, note="an earlier end breaks who waits", within="Action", fields="deprecation"),
    _row("Action", "deprecated", f"{_AS_TOLD}, may break", "-", Told(
        "deprecated",
        gained=Say("wording", "is deprecated now"),
        lost=Say("wording", "is not deprecated any more")),
        note="its days are headers of answers"),
    _row("Action", "pages", "breaking, addition", "-", actions.compare_pages,
         note="who walks the pages the old way gets lost"),
    _row("Action", "etag", _AS_TOLD, "-", Told(
        "etag",
        gained=Say("addition", "has a tag for each version now"),
        lost=Say("breaking", "has no tag any more: conditional calls stop"))),
    _row("Action", "either", "breaking, addition", "-", actions.compare_alternatives,
         note="more to choose from is an addition"),
    _row("Action", "if_match", _AS_TOLD, "-", Told(
        "if-match",
        Say("breaking", "is refused with a stale `{now}` now"),
        gained=Say("may break", "is refused with a stale `{now}` now"),
        lost=Say("breaking", "takes no If-Match any more"))),
    _row("Action", "job", "breaking, may break, addition", "-", actions.compare_job,
         note="who takes the answer for the end is wrong"),
    _row("Job", "resource done failed within_s reason", "breaking, addition", "-"),
    _row("Action", "signed", _AS_TOLD, "-", Told("signed", Say("breaking", "is signed another way now"))),
    _row("Signed", "header id otherwise role scheme time tolerance_s", "breaking", "-"),
    _row("Action", "content_type", "breaking", "-", actions.compare_body_types,
         note="a body of another type is another request"),
    _row("Action", "max_body_bytes", "breaking, addition", "-", actions.compare_body_sizes,
         note="a smaller one breaks who sends more"),
    _row("Action", "input", "by value", "-", Parts(
        "Param", actions.match_arguments, lost=actions.lose_argument, gained=actions.gain_argument),
        fields="params"),
    _row("Action", "unknown", "may break, addition", "-", actions.compare_unknown_members),
    _row("Action", "output", "-", "by value", Parts(
        "Output", actions.match_answers,
        lost=Told("answer-removed", Say("breaking", "does not answer {name} any more")),
        gained=actions.gain_answer), fields="outputs"),
    _row("Action", "errors", "-", "may break, addition", actions.compare_error_names),
    _row("Action", "other_statuses", "-", "may break, addition", actions.compare_other_statuses,
         note="an answer that nobody expects may come"),
    _row("Action", "laws relations", "may break, addition", "may break, addition", actions.compare_laws),
    _row("Action", "description", "wording", "-", actions.compare_descriptions),
    _row("Action", "title", _AS_TOLD, "-", Told("title", Say(
        "wording", lambda _, now: f"its title is {brief(str(now), 60)} now"))),
    _row("Surface", "actions omit narrow", "by value", "-", actions.compare_offers, within="Action",
         note="an argument is renamed or narrowed as any other"),
    _row("Action", "examples texts", _AS_TOLD, "-", _SHOWN),
    _row("Action", "tags", _AS_TOLD, "-", Told("shown", Say("wording", "its {key} changed"))),
    _row("Action", "may_cost may_send", "breaking, may break", "-", _ACTION_SETTING, fields="doubt",
         note="as `costs` and `sends`, which nobody has settled"),
    _row("Action", "may_name_none tenant", _AS_TOLD, "-", _ACTION_SETTING),
    _row("Action", "otherwise", _AS_TOLD, "-", _ACTION_SETTING,
         note="wrong arguments are refused with another code"),
    _row("Action", "may_change", _AS_TOLD, "-", _ACTION_SETTING),
    _row("Action", "cite", "none", "none", note=_TESTS),
    _row("Texts", "description params reasoning responding title", "wording", "-"),
    _row("Pages", "argument bound bound_to items more next size total", "breaking, addition", "-"),
    _row("Pages", "inferred", "none", "-", note=_TESTS),
    _row("Confirm", "body title", "wording", "-"),
    _row("Example", "at before headers input output status title", "wording", "wording"),
    _row("Law", "that when", "may break", "may break"),
    _row("Law", "cite", "none", "none", note=_TESTS),
    _row("Relation", "by fits keeps unless widen", "may break", "may break"),
    _row("Relation", "cite", "none", "none", note=_TESTS),

    _row("Param", "in wire style explode content_type allow_reserved", "breaking", "-",
         actions.compare_argument_places),
    _row("Param", "required", f"{_AS_TOLD}, none", "-",
         Told("argument-required", at=(), gained=Say("breaking", "argument `{name}` is required now")),
         Told("argument-optional", at=(), lost=Say("addition", "argument `{name}` is optional now")),
         note="none where it is required anyway, as in a path"),
    _row("Param", "default", "may break", "-", actions.compare_defaults,
         note="calls without it mean something else"),
    _row("Param", f"{_SCHEMA} media max_bytes", "by value", "-", actions.compare_argument_values,
         note="taking less breaks, taking more is an addition"),
    _row("Param", f"{_WORDS} description readOnly writeOnly", "wording, none", "-"),
    _row("Param", "otherwise", "may break", "-", note="a wrong value is refused with another code"),
    _row("Param", "refers_to private secret", "none", "-", note=_TESTS),

    _row("Output", "content_type media", "-", "by value", actions.compare_answer_types),
    _row("Output", "max_bytes", "-", "by value", actions.compare_answer_sizes),
    _row("Output", "ends_within_s", "-", "by value", actions.compare_stream_ends),
    _row("Output", "headers", "-", "breaking, may break, addition", Parts(
        "AnswerHeader", actions.match_answer_headers,
        lost=Told("header-removed", Say("breaking", "answer {owner} has no header {name} any more")),
        gained=Told("header-added", Say("addition", "answer {owner} has the header {name} now"))),
        note="who reads one that is gone breaks"),
    _row("Output", f"{_SCHEMA} required events", "-", "by value", actions.compare_answer_bodies,
         note="what could not come before breaks; a new member is an addition"),
    _row("Output", f"{_WORDS} description default readOnly writeOnly", "-", "wording, none"),
    _row("Output", "private secret", "-", "none", note=_TESTS),
    _row("AnswerHeader", "required", "-", f"{_AS_TOLD}, none",
         Told("header-optional", at=(),
              lost=Say("breaking", "answer {owner} may lack the header {name} now")),
         Told("header-required", at=(),
              gained=Say("addition", "answer {owner} always has the header {name} now"))),
    _row("AnswerHeader", _SCHEMA, "-", "breaking, may break, addition",
         actions.compare_answer_header_values),
    _row("AnswerHeader", f"{_WORDS} description default readOnly writeOnly", "-", "wording, none"),
    _row("AnswerHeader", "private secret", "-", "none", note=_TESTS),

    _row("Schema", f"{_SCHEMA} required", "by value", "by value",
         note="as the argument or the answer that it is part of"),
    _row("Schema", f"{_WORDS} description default", "wording, none, may break", "wording, none"),
    _row("Schema", "readOnly", "by value", "by value", note="such a member is required of answers only"),
    _row("Schema", "writeOnly", "by value", "by value", note="such a member is required of requests only"),
    _row("Schema", "private secret", "none", "none", note=_TESTS),
    _row("Discriminator", "propertyName mapping", "none", "none",
         note="the alternatives decide what is taken"),

    _row("Api", "server", _AS_TOLD, "-", Told("server", Say(
        "breaking", "the API is at {now} now, was {was}"))),
    _row("Api", "request_headers", "breaking", "-", api.compare_request_headers),
    _row("Api", "title", _AS_TOLD, _AS_TOLD, _api_text("title")),
    _row("Api", "for_people", _AS_TOLD, _AS_TOLD, _api_text("for_people")),
    _row("Api", "for_models", _AS_TOLD, _AS_TOLD, _api_text("for_models")),
    _row("Api", "contact", _AS_TOLD, _AS_TOLD, _api_text("contact")),
    _row("Api", "logo", _AS_TOLD, _AS_TOLD, _api_text("logo")),
    _row("Api", "terms", _AS_TOLD, _AS_TOLD, _api_text("terms")),
    _row("Api", "privacy", _AS_TOLD, _AS_TOLD, _api_text("privacy")),
    _row("Api", "docs", _AS_TOLD, _AS_TOLD, _api_text("docs")),
    _row("Api", "servers", "breaking, may break, addition", "-", api.compare_servers),
    _row("Api", "id other_servers", _AS_TOLD, "-", Told(
        "api-id", Say("may break", "the API's id or its other servers changed"), at=("id",))),
    _row("Api", "hosted", "breaking, addition", "-", api.compare_hosted_files),
    _row("Api", "version", "none", "none",
         note="it is compared with the version that the changes ask for"),
    _row("Server", "url note", "may break", "-"),
    _row("TemplateServer", "url variables", "breaking, may break", "-"),
    _row("OwnServer", "url variables description", "breaking, may break", "-"),
    _row("ServerVariable", "default enum description", "breaking, may break", "-"),

    _row("Auth", "schemes", "by value", "-", auth.compare_credentials),
    _row("Flows", "authorization_code", "by value", "-", Parts(
        "AuthorizationCode", auth.match_code_flows,
        lost=Told("oauth", Say("breaking", "users cannot sign in by OAuth any more")),
        gained=Told("oauth", Say("addition", "users can sign in by OAuth now"))), within="Auth"),
    _row("Auth", "plans", "by value", "-", auth.compare_plans),
    _row("Auth", "scopes", "wording, may break", "-"),
    _row("Auth", "roles", "wording", "-", note=_TESTS),
    _row("Flows", "client_credentials", "by value", "-"),
    _row("ClientCredentials", "token_url scopes audience client_in", "breaking, addition", "-"),
    _row("Scheme", "flows type in name value", "breaking", "-"),
    _row("Scheme", "also_accepted", "breaking, addition", "-"),
    _row("Scheme", "prefixes", "may break", "-"),
    _row("Scheme", "description issue_at", "wording", "-"),
    _row("Scheme", "inferred", "none", "-", note=_TESTS),
    _row("AuthorizationCode", "authorization_url token_url revocation_url metadata_url resource_metadata_url",
         "breaking, addition", "-", auth.compare_endpoints),
    _row("AuthorizationCode", "pkce_binds", "breaking", "-", auth.compare_pkce),
    _row("AuthorizationCode", "scopes needs", "breaking, addition, may break", "-", auth.compare_scopes),
    _row("AuthorizationCode", "access_s refresh_s refresh_rotates", _AS_TOLD, "-", Told("oauth", Say(
        "may break", "OAuth's {key} is {now} now, was {was}"))),
    _row("AuthorizationCode", "cite", "wording", "-", note=_TESTS),
    _row("Role", "description env group mode operator plan project revoked surface", "wording", "-",
         note=_TESTS),

    _row("Limits", "buckets", "breaking, addition, may break", "-", Parts(
        "Bucket", api.match_buckets,
        lost=Told("limit", Say("addition", "bucket {name} is gone")),
        gained=Told("limit", Say("breaking", "bucket {name} is new: {now.requests} requests")))),
    _row("Limits", "max_body_bytes", "breaking, addition", "breaking, addition", api.compare_largest_bodies),
    _row("Limits", "headers reset_unit", _AS_TOLD, _AS_TOLD, _LIMIT_HEADERS),
    _row("Limits", "status", "-", "breaking", api.compare_limit_statuses),
    _row("Limits", "end_user unlimited budgets", _AS_TOLD, "-", Told(
        "limits", Say("may break", _OF_LIMITS))),
    _row("Limits", "inferred", "none", "-", note=_TESTS),
    _row("Bucket", "requests per_s of", "breaking, addition", "-", api.compare_rates,
         note="fewer calls break, more are an addition"),
    _row("Bucket", "when", "may break", "-", api.compare_conditions),
    _row("Bucket", "refill", "may break", "-", api.compare_refills),
    _row("Bucket", "description cite", "wording", "-"),
    _row("Budgets", "characters items seconds", "may break", "-"),
    _row("LimitHeaders", "limit remaining reset retry ietf usage pattern", "-", "breaking, addition"),

    _row("Errors", "code_at message_at content_type", "-", _AS_TOLD, _ERROR_FORM),
    _row("Errors", "request_id_at field_at field_of_several scope_at", "-", _AS_TOLD, _ERROR_FORM),
    _row("Errors", "when", "-", _AS_TOLD, Told("error-form", Say("breaking", _ERROR))),
    _row("Errors", "codes", "-", "by value", Parts(
        "Code", api.match_codes,
        lost=Told("code-removed", Say("may break", "error code {name} is gone")))),
    _row("Errors", "always", "-", "by value", api.compare_codes_of_all),
    _row("Errors", "framework", "-", "by value", Parts("Framework", api.match_framework)),
    _row("Errors", "envelope", "-", "may break, breaking", api.compare_error_bodies),
    _row("Errors", "edge", "-", _AS_TOLD, Told("edge", Say(
        "may break", "what a proxy may answer changed"))),
    _row("Errors", "inferred", "none", "-", note=_TESTS),
    _row("Code", "wire code_at message_at content_type", "-", "breaking, none", api.compare_codes_in_answers,
         note="none where nothing was said before"),
    _row("Code", "status", "-", _AS_TOLD, Told("code-status", Say(
        "breaking", "{name} comes with {now} now, was {was}"), at=())),
    _row("Code", "envelope meaning only", "-", "may break, wording"),
    _row("Code", "when", "-", "may break, wording"),
    _row("Code", "cite provoked_by", "-", "wording", note=_TESTS),
    _row("Edge", "status retry", "-", "may break"),
    _row("Edge", "cite", "-", "may break, wording"),
    _row("Framework",
         "unknown_path wrong_method bad_body no_object wrong_type wrong_media invalid missing "
         "unknown too_large no_key wrong_key no_scope limited crashed plaintext", "-", _AS_TOLD, Told(
             "framework", Say("may break", "{key} is answered {now} now, was {was}"))),

    _row("Header", "on const schema", "-", "breaking, may break", api.compare_header_values),
    _row("Header", "https description cite", "-", "may break, wording"),
    _row("Idempotency", "of per_action lives_s not_used_up_by otherwise", "may break", "-"),
    _row("Idempotency", "inferred", "none", "-", note=_TESTS),
    _row("Idempotency", "cite", "may break", "-", note="the whole section is compared as one"),
    _row("Behaviour",
         "absent_id_first auth_first content_type foreign_id head last_page left_out literal_path "
         "order_of_ties other_tools read_only reads_lag_s redirect_uris redirects refused_status "
         "repeated_member replay time_fraction time_zone trailing_slash "
         "unknown_member unknown_query", "may break, addition", "may break, addition",
         api.compare_points, note="a point that was open and is fixed now is an addition"),

    _row("Surface", "title description", _AS_TOLD, "-", _SURFACE_TEXT),
    _row("Surface", "name", _AS_TOLD, "-", _SURFACE_TEXT, fields="human_name"),
    _row("Surface", "instructions starters", _AS_TOLD, "-", _SURFACE_TEXT),
    _row("Surface", "server", "breaking, addition, wording", "-", api.compare_mcp_servers,
         fields="mcp_server server"),
    _row("Surface", "listing", "wording, may break", "-", api.compare_store_listings),
    _row("Surface", "cases", "wording", "-", api.compare_cases, note=_TESTS),
    _row("Surface", "namespace env auth published_spec dispatcher", _AS_TOLD, "-", _OTHER_SETTING),
    _row("Surface", "extra page package headers attribution", _AS_TOLD, "-", _SETTING),
    _row("Surface", "cite", "none", "-", note=_TESTS, fields="cite origin name"),
    _row("Surface", "http", _AS_TOLD, "-", _DISPATCHER, within="Dispatcher", fields="method path"),
    _row("Surface", "selector arguments scope operation_id", _AS_TOLD, "-", _DISPATCHER,
         within="Dispatcher", fields="selector arguments json_rpc scope operation_id"),
    _row("Surface", "responses", "-", "may break", api.compare_dispatcher_statuses, within="Dispatcher"),
    _row("Narrowing", "as required minimum maximum minLength maxLength minItems maxItems enum",
         "by value", "-"),
    _row("Narrowing", "default", "may break", "-", note="calls without it mean something else"),
    _row("McpServer", "url package transport security", "breaking, addition", "-"),
    _row("McpServer", "version", "wording", "-"),
    _row("Cases", "negative positive", "wording", "-", note=_TESTS),
    _row("PositiveCase", "calls description draft expect outcome prompt", "wording", "-", note=_TESTS),
    _row("NegativeCase", "asks_first description draft not_offered prompt refused", "wording", "-",
         note=_TESTS),
    _row("CaseCall", "arguments name tool", "wording", "-", note=_TESTS),
    _row("RefusedCall", "arguments code tool", "wording", "-", note=_TESTS),
    _row("Listing", "id", "may break", "-"),
    _row("Listing", "capabilities category colour colour_dark commerce countries demo description developer "
         "icon keywords license privacy release_notes skills subtitle support terms translations website",
         "wording", "-"),
    _row("Listing", "version", "none", "-", note="it is the number of the package"),
    _row("Developer", "name email url", "wording", "-"),
    _row("Translation", "subtitle description", "wording", "-"),
    _row("McpEnv", "key url", "breaking", "-"),
    _row("AppPackage", "accent developer id website", "may break", "-"),
    _row("Page", "columns dispatcher items label labels lat lng many one path places radius_km",
         "may break", "-"),
    _row("PageColumn", "as of per show title", "may break", "-"),

    _row("Webhooks", "signature registered_by", "-", _AS_TOLD, Told("event-signature", Say(
        "breaking", "events are signed, or registered, another way"), at=("signature",))),
    _row("Webhooks", "events", "-", "breaking, addition", Parts(
        "Event", api.match_events,
        lost=Told("event-removed", Say("breaking", "event {name} is sent no more")),
        gained=Told("event-added", Say("addition", "event {name} is sent too")))),
    _row("Webhooks", "envelope", "-", "breaking", api.compare_event_bodies),
    _row("Webhooks", "again_within_s cite data_at id_at secret_at targets type_at types url within_s", "-",
         "may break, wording"),
    _row("Event", "data", "-", _AS_TOLD, Told("event-data", Say(
        "breaking", "event {name} carries {now} now, was {was}"), at=())),
    _row("Event", "about by cite description", "-", "may break, wording"),
    _row("Signature", "header scheme tolerance_s", "-", "breaking"),
    _row("Audit", "about action actor as at cite diff listed_by never reads_on", "-", "may break"),
    _row("Browsers", "cite origins", "may break", "-"),
    _row("Retention", "after_s cite of then", "may break", "-"),
    _row("Resource",
         "absent body_at cite confirmed counts expires_by fixed found_by given gone_when id inferred initial "
         "laws listed_by made_by missing moves moves_by_time read_by reads_change state states takes tenant "
         "undone_by unique volatile within",
         "wording", "-", note=_TESTS),
    _row("Takes", "by counter of read_by", "wording", "-", note=_TESTS),
    _row("Move", "from has input inferred otherwise to", "wording", "-", note=_TESTS),
    _row("TimedMove", "at from to", "wording", "-", note=_TESTS),
    _row("Unique", "cite members otherwise overlaps stays_taken", "wording", "-", note=_TESTS),
    _row("CatalogueCall", "action at id inferred input where", "wording", "-", note=_TESTS),
    _row("Operator", "actions clock", "wording", "-", note=_TESTS),
    _row("Sandbox", "domain", "wording", "-", note=_TESTS),
    _row("Workflow", "cite description needs only_verify steps title", "wording", "-", note=_TESTS),
    _row("Step",
         "action after_s as expect expect_alone expect_timed headers input keep key status via within_s",
         "wording", "-", note=_TESTS),
)  # fmt: skip


def visits() -> dict[str, tuple[Row, ...]]:
    """Return the rows that the comparison of each part visits, in the table's order."""
    found: dict[str, list[Row]] = {}
    for row in CATALOGUE:
        if row.how:
            found.setdefault(row.within, []).append(row)
    return {part: tuple(rows) for part, rows in found.items()}


def verdicts(row: Row) -> set[str]:
    """Return all severities that a change of these keys may have."""
    rated = {*row.callers, *row.readers}
    return {"breaking", "may break", "addition", "wording", "none"} if "by value" in rated else rated - {"-"}
