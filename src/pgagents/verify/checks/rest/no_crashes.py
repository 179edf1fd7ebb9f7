"""No call, however odd, is answered with 5xx or remains unanswered.

A server may answer 503 at any time, and 501 to an unknown method (RFC 9110, 15.6.2). A 5xx that the action
documents as something other than a crash, such as a gateway's, is allowed, too. Where a document alone is
known, a status 500 is told although the document lists it, but below all other findings. There a read that
waits by its name, such as `watch_logs`, may be silent. A 501, and an answer that is longer than a run reads,
are odd there. A run reads once more each instance that a generated call made or changed. Where a document
alone is known, it sends each optional text of a read alone, too. A create of which one instance could be
removed is sent without its content, too, and with made-up ids inside its arguments. Whole numbers beyond 32
and 64 bits are sent where they are allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.base.http import Silence
from pgagents.base.jsonschema.patterns import list_alternatives
from pgagents.base.text import bare_path, split_words
from pgagents.catalogue.encoding.medium import has_body
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.cases.argument_values import free_text, without_null
from pgagents.verify.cases.as_sent import is_invalid, is_sendable
from pgagents.verify.cases.generated import is_free, list_drawn_calls, may_vary, shrink
from pgagents.verify.cases.instance_changes import make_one
from pgagents.verify.fixtures.instance import at_path, names_in
from pgagents.verify.fixtures.request_template import GUESS, RequestTemplate, ordinary, template_of
from pgagents.verify.fixtures.target import makes, target_of
from pgagents.verify.judgement import Judgement, Untested
from pgagents.verify.promise import RANDOM, Attempt, Attempts, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, EntityTag, Raw, format_arguments
from pgagents.verify.wire.endpoint import Endpoint, framework_places
from pgagents.verify.wire.exchange import Exchange, Loss

NOT_IMPLEMENTED = 501
WAITING = frozenset(
    (
        *("stream", "streams", "streaming", "watch", "follow", "tail"),
        *("subscribe", "listen", "poll", "live", "sse"),
    )
)
"""Words of reads whose answer may come late, or never end: Kubernetes's `watch`, Docker's `follow`."""
CRASHED = 500
HUGE = 1e18
"""A number that a double can represent, and whose hundredths exceed 64 bits. Prefect answers 500 to it."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint, and one for each surface's framework."""
    del roles
    for endpoint in setting.every_endpoint:
        says = f"{endpoint.action.name} never answers 5xx and always answers"
        yield Case(endpoint, says, endpoint.action.origin)
    says = "no path, method or body makes the server answer 5xx"
    for place in framework_places(setting.model):
        yield Case(None, says, ("errors", "framework"), place=place)


def list_attempts(setting: Setting, roles: frozenset[str]) -> Attempts:
    """Yield the attempts of calls with odd values.

    These are random valid calls, calls with each alternative of a pattern, and a write with each unbounded
    number too large for databases. One surface is enough: the others have the same code behind them.
    """
    del roles
    for resource, maker, remover in list_removable(setting):
        run = partial(_make_of_nothing, resource=resource, maker=maker, remover=remover)
        probe, cost = f"no_crashes/nothing/{maker.place}", 2 + len(NOTHING)
        ends = (maker, remover)
        yield Attempt(run, stage=6, cost=cost, writes=True, endpoints=ends, probe=probe), [("", maker.place)]
    for call in list_typed_calls(setting):
        assert call.endpoint is not None, "it is a call of an action"
        probe = f"no_crashes/type without boundary/{call.endpoint.place}"
        run = partial(_send, call=call)
        yield Attempt(run, cost=2, writes=True, endpoints=(call.endpoint,), probe=probe), [("", call.place)]
    for endpoint in setting.endpoints:
        for attempt in _list_odd_calls(setting, endpoint):
            yield attempt, [("", endpoint.place)]
        for call in list_wide_numbers(setting, endpoint):
            run, writes = partial(_send, call=call), endpoint.action.effect == "write"
            probe = f"no_crashes/{call.why}/{endpoint.place}"
            yield Attempt(run, stage=5, cost=1 + writes, probe=probe), [("", endpoint.place)]
        for call in list_unknown_references(setting, endpoint):
            probe = f"no_crashes/{call.why}/{endpoint.place}"
            yield Attempt(partial(_send, call=call), stage=5, cost=2, probe=probe), [("", endpoint.place)]
        for call in list_lone_texts(setting, endpoint):
            probe = f"no_crashes/{call.why}/{endpoint.place}"
            yield Attempt(partial(_send, call=call), stage=5, probe=probe), [("", endpoint.place)]


def _list_odd_calls(setting: Setting, endpoint: Endpoint) -> Iterator[Attempt]:
    for number, drawn in enumerate(list_drawn_calls(setting, endpoint, valid=True), 1):
        yield _attempt_varied(endpoint, drawn.call, f"random {number}", 9, RANDOM)
    for number, call in enumerate(list_pattern_calls(setting, endpoint), 1):
        yield _attempt_varied(endpoint, call, f"alternative {number}", 6, 1)
    names = [
        str(param.name)
        for param in endpoint.params
        if param.place == "body" and _is_unbounded(setting.resolve_schema(param.schema))
    ]
    if names and endpoint.leads and endpoint.action.effect == "write":
        template = template_of(setting.model, endpoint.action)
        arguments = {**template.input, **dict.fromkeys(names, HUGE)}
        why = f"{' and '.join(names)} beyond what a database takes"
        run = partial(_send, call=ordinary(endpoint, template, "explore", why, input=arguments))
        yield Attempt(run, cost=2, probe=f"no_crashes/huge/{endpoint.place}")


def _attempt_varied(endpoint: Endpoint, call: Call, what: str, stage: int, priority: int) -> Attempt:
    """Return the attempt of a valid call with unusual values, as schemathesis sends them. The watchers of all
    checks judge its answer.
    """
    writes = endpoint.action.effect == "write"
    return Attempt(
        partial(_send_varied, call=call),
        stage=stage,
        cost=3 if writes else 1,
        probe=f"no_crashes/{what}/{endpoint.place}",
        priority=priority,
        print=format_arguments(call.input),
    )


def _send(trial: Trial, call: Call) -> None:
    trial.ask(call)


def _send_varied(trial: Trial, call: Call) -> None:
    answer = trial.ask(call)
    if _has_problem(answer):
        is_same = partial(_shows_same, answer)
        shrink(answer, trial.template.input, is_same, trial.setting)
    _read_written(trial.setting, answer)


def _has_problem(exchange: Exchange) -> bool:
    return isinstance(exchange.answer, Silence) or exchange.status >= 500 or bool(exchange.tainted)


def _shows_same(first: Exchange, other: Exchange) -> bool:
    """True if another answer has the same status, and other checks found the same problem in it."""
    return _has_problem(other) and (first.status, first.tainted) == (other.status, other.tainted)


def _is_unbounded(schema: Mapping[str, Any]) -> bool:
    bounded = {"maximum", "exclusiveMaximum", "enum", "const", "multipleOf"} & schema.keys()
    return not bounded and bool({"number", "integer"} & set(types_of(schema)))


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every exchange."""
    trial = CHECK.find_trial(memory.setting, exchange.place)
    if trial is None:
        return
    if exchange.loss is not None:
        yield _judge_loss(trial, exchange.loss)
    elif isinstance(exchange.answer, Silence) and exchange.answer.stale:  # at any time: RFC 9112, 9.5
        reason = "the connection, which had served other calls, was closed before the call was answered"
        yield trial.untested(reason)
    elif isinstance(exchange.answer, Silence) and (word := _find_waiting(exchange, memory)):
        reason = f"its name says `{word}`, so it may wait for what comes: {exchange.outcome}"
        yield trial.untested(reason)
    elif isinstance(exchange.answer, Silence):
        broken = trial.broken("a whole answer", exchange.outcome)
        # a document promises no size, and Docker's `/events` sends JSON for as long as anybody listens
        endless = exchange.answer.begun and exchange.answer.kind in ("too-large", "timeout")
        yield replace(broken, odd=True) if endless and memory.model.leaves_open else broken
    elif exchange.status >= CRASHED and not _is_documented(exchange, memory):
        broken = trial.broken("an answer below 500", exchange.outcome)
        undone = exchange.status == NOT_IMPLEMENTED and memory.model.leaves_open
        yield replace(broken, odd=True) if undone else broken  # so Chroma says what a single node has not
    elif exchange.status == CRASHED and memory.model.leaves_open:
        action = exchange.call.endpoint.action.name if exchange.call.endpoint is not None else ""
        broken = trial.broken("an answer below 500, though the document lists it", exchange.outcome)
        yield replace(broken.with_rank(Rank.DOCUMENTED), claim=f"documented {action}")
    else:
        yield trial.kept()


def _find_waiting(exchange: Exchange, memory: Memory) -> str:
    """Return the word by which a read waits by design for what comes; empty if nothing says so, or if it did
    not wait. An author says how an answer ends.
    """
    endpoint, answer = exchange.call.endpoint, exchange.answer
    if endpoint is None or not isinstance(answer, Silence) or answer.kind != "timeout":
        return ""
    action = endpoint.action
    if not memory.model.leaves_open or action.effect != "read":
        return ""
    steps = [step for step in str(action.path).split("/") if "{" not in step][-1:]
    words = (word for text in (str(action.name), *steps) for word in split_words(text))
    return next((word for word in words if word in WAITING), "")


def _judge_loss(trial: Trial, loss: Loss) -> Judgement:
    """Return the verdict on a call at which the connection ended before an answer began."""
    if loss.verdict == "open":
        return trial.untested(loss.says)
    broken = trial.broken("an answer, from a server that goes on", loss.says)
    return replace(broken, odd=loss.verdict == "suspect")


def _is_documented(exchange: Exchange, memory: Memory) -> bool:
    if exchange.status == NOT_IMPLEMENTED and exchange.call.raw.method is not None:
        return True
    endpoint, crashed = exchange.call.endpoint, memory.model.errors.framework.crashed
    return endpoint is not None and any(
        c.status == exchange.status and c.name == exchange.code and c.name != crashed
        for c in endpoint.action.errors
    )


CHECK = make_check(
    "no_crashes",
    __doc__,
    cases,
    attempts=list_attempts,
    watch=watch,
    turn=0,
    overlap="all",
    of_any_input=True,
    tools=True,
    skips_unavailable=True,
    rank=Rank.CRASH,
)


# -- calls with a text for each alternative of a pattern.
#
# A valid text of an argument is usually the shortest one, and so it fits one alternative alone. A pattern
# such as `^a$|b` anchors one alternative and leaves the other open: Kinto answers 500 to an If-Match of `*0`.


CONDITIONS = frozenset(("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"))
"""Headers that can only keep a call from being done (RFC 9110, 13.1), so they name nothing that changes."""


def list_pattern_calls(setting: Setting, endpoint: Endpoint) -> tuple[Call, ...]:
    """Return valid calls of a REST endpoint with each alternative of its arguments' patterns.

    Each call takes the next alternative of all these arguments at once. Empty without such a pattern, and for
    a write that may change an instance of others. Empty for a create, too: its texts have the run's mark, or
    could lead to an older instance.
    """
    if not endpoint.on_rest or not endpoint.leads or makes(setting.model, endpoint.action):
        return ()
    if endpoint.action.effect == "write" and not may_vary(setting, endpoint):
        return ()
    return setting.compute_once(
        ("pattern calls", endpoint.place), lambda: tuple(_make_calls(setting, endpoint))
    )


def _make_calls(setting: Setting, endpoint: Endpoint) -> Iterator[Call]:
    template = template_of(setting.model, endpoint.action)
    texts = {str(param.name): _list_texts(setting, endpoint, param, template) for param in endpoint.params}
    for number in range(max(map(len, texts.values()), default=0)):
        chosen = {name: several[number] for name, several in texts.items() if number < len(several)}
        why = f"another alternative of the pattern of {' and '.join(chosen)}"
        call = ordinary(endpoint, template, "explore", why, input={**template.input, **chosen})
        if not is_invalid(setting, call):
            yield call


def _list_texts(
    setting: Setting, endpoint: Endpoint, param: Param, template: RequestTemplate
) -> tuple[str, ...]:
    """Return the texts of a pattern's alternatives that an argument may have and that can be sent."""
    schema = setting.resolve_schema(param.schema)
    condition = param.place == "header" and param.wire.lower() in CONDITIONS
    if not isinstance(schema.get("pattern"), str) or "enum" in schema or param.file is not None:
        return ()
    if not condition and not is_free(setting, endpoint, param, template):
        return ()
    test = setting.test_argument(endpoint, param)
    valid = (text for text in list_alternatives(schema["pattern"]) if test.is_valid(text))
    sent = (text for text in valid if is_sendable(endpoint, param, text))
    return tuple(map(EntityTag, sent)) if str(param.name) == endpoint.action.if_match else tuple(sent)


# -- reads with one optional text that no example has: GET /notes?cursor=abc was a 500 (2026-11-25)


OPEN = "pgv (["
"""A text that is not a regular expression: a search took it for one (a sports office of 2026-11-29)."""
MOST_TEXTS = 8
"""The most texts that are tried of one read: each costs a request, and searches have dozens."""


def list_lone_texts(setting: Setting, endpoint: Endpoint) -> Iterator[Call]:
    """Yield a read with each optional text of its query alone, such as a cursor that no list answered, and
    one with a text in its path that names nothing: Superset 6.1.0 answers 500 to `GET /chart/x` (2026-11-29).

    Random calls draw a few of many arguments together. The value is made up, so that a refusal shows nothing.
    Empty unless the API is known from a document alone: an author's examples say which texts are sent.
    """
    reads = endpoint.on_rest and endpoint.leads and endpoint.action.effect == "read"
    if not setting.model.leaves_open or not reads:
        return
    template = template_of(setting.model, endpoint.action)
    texts = [
        param
        for param in endpoint.params
        if param.place == "query" and not param.required and not param.refers_to
        if str(param.name) not in template.input and free_text(setting, without_null(setting, param.schema))
    ]
    for param in texts[:MOST_TEXTS]:
        name, takes = str(param.name), setting.test_argument(endpoint, param).is_valid(OPEN)
        values = {**template.list_needed(endpoint.action), name: OPEN if takes else GUESS}
        yield ordinary(endpoint, template, "explore", f"{name} alone", input=values)
    for param in [one for one in endpoint.params if one.place == "path"][-1:]:
        if param.refers_to and free_text(setting, without_null(setting, param.schema)):
            values = {**template.input, str(param.name): GUESS}
            nobody = replace(template, subject=None)  # it may be that a run may make none
            yield ordinary(endpoint, nobody, "explore", f"a made-up {param.name}", input=values)


# -- whole numbers beyond the usual widths


WIDTHS = {31: ("int32",), 63: ("int32", "int64")}
"""By the power of two that is sent, the formats that exclude it."""
_HARMLESS = frozenset(
    (
        *("id", "ids", "offset", "skip", "page", "cursor", "start", "after", "before", "since", "until"),
        *("from", "to", "version", "revision", "year", "number", "index"),
    )
)
"""The last words of arguments of a query that only choose. Another one may order as much work as it says."""


def list_wide_numbers(setting: Setting, endpoint: Endpoint) -> Iterator[Call]:
    """Yield calls with whole numbers beyond 32 and 64 bits, where the document allows them.

    A server that stores them in a narrower column, or does not store them at all, often answers with a 500:
    Prefect does beyond 64 bits. A refusal shows nothing. Empty unless the API is known from a document alone,
    because other runs have no room for it.
    """
    if not setting.model.leaves_open or not endpoint.on_rest or not endpoint.leads:
        return
    template, reads = template_of(setting.model, endpoint.action), endpoint.action.effect == "read"
    in_path = [str(param.name) for param in endpoint.params if param.place == "path"][-1:]
    for bits, formats in WIDTHS.items():
        names = [
            str(param.name)
            for param in endpoint.params
            if _takes_number(setting, endpoint, param, 1 << bits, formats)
        ]
        params = {str(param.name): param for param in endpoint.params}
        if reads:
            asked = [n for n in names if params[n].place == "query"]
            choosing = [n for n in asked if not _HARMLESS.isdisjoint(split_words(n)[-1:])]
            groups = [choosing, [n for n in names if n in in_path]]
        else:  # what is beyond 32 bits is tried as HUGE
            groups = [[n for n in names if params[n].place == "body"]] if bits == max(WIDTHS) else []
        for group in filter(None, groups):
            why = f"{' and '.join(group)} of 2 to the power of {bits}"
            values = {**template.input, **dict.fromkeys(group, 1 << bits)}
            yield ordinary(endpoint, template, "explore", why, input=values)


def list_unknown_references(setting: Setting, endpoint: Endpoint) -> Iterator[Call]:
    """Yield a call for each argument inside of which an instance is named, with a made-up id in its place.

    `absent_id` knows only ids that are an argument themselves, and not that of an order's dish (the Express
    app in `docs/figures.md`).
    """
    if not setting.model.leaves_open or not endpoint.leads or not may_vary(setting, endpoint):
        return
    template = template_of(setting.model, endpoint.action)
    for name, value in template.input.items():
        inside = isinstance(value, Expression) and not value.path
        if inside and names_in([value]) & setting.model.resources.keys():
            why = f"{name} with an id that nothing has"
            yield ordinary(endpoint, template, "explore", why, input={**template.input, name: GUESS})


def _takes_number(
    setting: Setting, endpoint: Endpoint, param: Param, number: int, formats: Sequence[str]
) -> bool:
    """True if the schema of an argument that names nothing, or stands in the path, allows a whole number."""
    schema = without_null(setting, param.schema)
    if "integer" not in types_of(schema) or schema.get("format") in formats:
        return False
    names = param.refers_to and param.place != "path"
    return not names and bool(setting.test_argument(endpoint, param).is_valid(number))


# -- calls without the body that their media type promises: schemathesis finds that a parser fails at it


MULTIPART = "multipart/form-data"
WHAT = "a multipart type without its boundary, and no body"


def list_typed_calls(setting: Setting) -> Iterator[Call]:
    """Yield a write without a body, but with a multipart type that lacks its boundary: one for each method.

    All routes share a framework's parser, which may fail before it finds that there is no body, as Kinto's
    does. Only instances of this run are named. Empty unless the API is known from a document alone, because
    other runs have no room for it.
    """
    met: set[str] = set()
    for endpoint in setting.home_endpoints if setting.model.errors.inferred else ():
        action = endpoint.action
        if (
            endpoint.on_rest
            and endpoint.ordinary
            and endpoint.method not in met
            and action.effect == "write"
            and not has_body(action)
            and not makes(setting.model, action)
            and may_vary(setting, endpoint)
        ):
            met.add(endpoint.method)
            raw = Raw(headers=(("Content-Type", MULTIPART),))
            template = template_of(setting.model, action)
            yield ordinary(endpoint, template, "framework", WHAT, raw=raw, fresh=True)


# -- creates without their content, and a read of what an unusual write made or changed


NOTHING = {"no body": b"", "{} as its body": b"{}", "null as its body": b"null"}


def list_removable(setting: Setting) -> Iterator[tuple[Resource, Endpoint, Endpoint]]:
    """Yield each resource whose create is a POST to the path of its instances, with create and removal.

    Only a document is known of it, and the create neither costs nor sends anything. Of any other write, an
    empty body may mean all that there is.
    """
    by_action = {str(e.action.name): e for e in setting.endpoints if e.on_rest and e.leads}
    for resource in setting.model.resources.values() if setting.model.leaves_open else ():
        made, undone = resource.made_by, resource.undone_by
        if made is None or undone is None or not resource.read_by or made.action.doubt:
            continue
        maker, remover = by_action.get(str(made.action.name)), by_action.get(str(undone.action.name))
        items = resource.read_by[0].action.bare_path.rpartition("/")[0]
        if maker is None or remover is None or maker.form is not None or remover.method != "DELETE":
            continue
        takes_body = any(param.place == "body" for param in maker.params)
        plain = not (made.action.costs or made.action.sends) and made.action.idempotency is None
        if takes_body and plain and maker.method == "POST" and bare_path(maker.path) == items:
            yield resource, maker, remover


def _make_of_nothing(trial: Trial, resource: Resource, maker: Endpoint, remover: Endpoint) -> None:
    """Send a create without its content, once the run has made an instance and removed it again.

    Superset answers 500 to 44 writes without a body.
    """
    undone_by = resource.undone_by
    assert undone_by is not None
    why = f"to see that a {resource.name} can be removed"
    try:
        _, subject = make_one(resource, maker, why)
    except Untested:
        return  # its ordinary calls say better why none was made
    gone = trial.ask(Call(remover, undone_by.input, "valid", why, subject=resource, made=subject))
    for what, body in NOTHING.items() if gone.success else ():
        trial.ask(
            trial.call("framework", f"a create with {what}", raw=Raw(edit=partial(_replace_body, new=body)))
        )


def _replace_body(_: bytes, *, new: bytes) -> bytes:
    return new


def _read_written(setting: Setting, exchange: Exchange) -> None:
    """Read the instance that a write made or changed; do nothing where the answer does not show it.

    A write that crashed may have changed its instance all the same.
    """
    endpoint = exchange.call.endpoint
    if (
        endpoint is None
        or endpoint.action.effect != "write"
        or not (exchange.success or exchange.status >= CRASHED)
    ):
        return
    resource, body = _find_written(setting, endpoint, exchange)
    if resource is None or not resource.read_by or not all(id in body for id in resource.ids):
        return
    read = resource.read_by[0]
    reader = setting.find_usable_lead(str(read.action.name))
    if reader is not None and reader.on_rest:
        why = f"the {resource.name} of a generated call"
        ask(Call(reader, read.input, "explore", why, subject=resource, made=body))


def _find_written(
    setting: Setting, endpoint: Endpoint, exchange: Exchange
) -> tuple[Resource | None, Mapping[str, object]]:
    """Return the resource that a call made or changed, and what is known of the instance."""
    for resource in setting.model.resources.values():
        made_by = resource.made_by
        if made_by is not None and made_by.action is endpoint.action:
            body = at_path(made_by, exchange) if exchange.success else None
            return (resource, body) if isinstance(body, Mapping) else (None, {})
    target = target_of(setting, endpoint.action)
    if target is None or len(target.named) != 1 or len(target.resource.ids) != 1:
        return None, {}
    id = exchange.input.get(str(target.named[0].name))
    return (target.resource, {target.resource.id: id}) if id is not None else (None, {})
