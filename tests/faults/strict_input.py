"""Faults that refuse or change arguments which the catalogue allows."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from typing import Any

from faults.helpers import list_action, make_action
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.base.jsonschema import schema as schemas
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.sandbox import answers
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, objects, successful


@fault("arbitrary_text").replace_actions
def apostrophe_refused(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A text with an apostrophe is refused, as by a filter against SQL injection."""
    invalid = context.model.invalid_in(call.action).name
    texts = json.dumps(call.input, ensure_ascii=False, default=str)
    return (
        Refusal(invalid, "There is a character that is not possible here", "body")
        if "'" in texts
        else inner(call)
    )


@fault("law").edit_answers
def texts_normalised(_context: Context, _request: Request, answer: Response) -> Response:
    """Answers show texts in the normal form NFC, whatever was written."""
    if data_of(answer) is None or not successful(answer):
        return answer
    texts = json.dumps(data_of(answer), ensure_ascii=False)
    return answer.with_json(json.loads(unicodedata.normalize("NFC", texts)))


def _counted(action: Action) -> bool:
    """Return whether an action has a number with a default."""
    defaults = (p.schema.get("default") for p in action.params if not p.required)
    return any(isinstance(value, int | float) and not isinstance(value, bool) for value in defaults)


@fault(
    "default_values", also={"relation": "a page that is full for the server has room by the declared default"}
).replace_actions
def default_differs(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The first list uses other defaults than its documents state."""
    first = list_action(context.model)
    reads = (a for a in (first, *context.model.actions) if a.effect == "read" and _counted(a))
    if call.action is not next(reads, first):
        return inner(call)
    left = {
        k: v
        for k, v in call.input.items()
        if k not in call.given and isinstance(v, int | float) and not isinstance(v, bool)
    }
    less = {k: max(1, int(v * 0.6)) if isinstance(v, int) else v * 0.6 for k, v in left.items()}
    return inner(replace(call, input={**call.input, **less}))


@fault(
    "timestamp_parsing", also={"honours_manifest": "a document lets a model write such a time"}
).replace_actions
def fraction_of_second_refused(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A time with a fraction of a second, as JavaScript writes it, is refused."""
    moments = [str(p.name) for p in call.action.params if p.schema.get("format") == "date-time"]
    bad = next((name for name in moments if re.search(r":\d\d\.\d+", str(call.input.get(name)))), None)
    if bad is None:
        return inner(call)
    return Refusal(framework_code(context.model, "invalid").name, f"{bad} is not a time", bad)


@fault(
    "valid_calls",
    also={
        "arbitrary_text": "its text is as long as may be and ends in such characters",
        "honours_manifest": "a vendor's document lets the text through",
    },
).replace_actions
def length_in_units(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The length of a text is counted in UTF-16 code units, so a long text of rare characters is refused."""
    invalid = context.model.invalid_in(call.action).name
    for param in call.action.params:
        text, most = call.input.get(str(param.name)), param.schema.get("maxLength")
        if isinstance(text, str) and most is not None and len(text.encode("utf-16-le")) > 2 * most:
            return Refusal(invalid, "is too long", str(param.name))
    return inner(call)


@fault(
    "timestamp_parsing", also={"law": "the answer contains the moments that were asked for"}
).replace_actions
def offset_dropped(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The UTC offset of a time is dropped, and the rest is read as UTC."""
    moments = {str(p.name) for p in call.action.params if p.schema.get("format") == "date-time"}
    read = {
        k: re.sub(r"[+-]\d\d:\d\d$", "Z", v)
        for k, v in call.input.items()
        if k in moments and isinstance(v, str)
    }
    return inner(replace(call, input={**call.input, **read}))


@fault("valid_calls").edit_answers
def optional_required(context: Context, request: Request, answer: Response) -> Response:
    """An optional argument with a default is refused where it is left out."""
    victim = list_action(context.model)
    params = [p for p in victim.params if "default" in p.schema]
    if not params or not successful(answer) or context.reader.action(request) is not victim:
        return answer
    if params[-1].name in context.reader.arguments(request):
        return answer
    id = answer.header(answers.request_id_header(context.model)) or ""
    refused = answers.make_refusal(
        context.model, framework_code(context.model, "invalid"), "is required", id, field=params[-1].wire
    )
    kept = tuple(h for h in answer.headers if h[0].lower() != "content-type")
    return Response(refused.status, (*refused.headers, *kept), refused.body)


def _extreme(value: object, least: object, most: object) -> bool:
    try:
        number = float(str(value))
    except ValueError:
        return False
    return number in (least, most)


def _request_id(found: Response, model: Model) -> str:
    return found.header(answers.request_id_header(model)) or ""


@fault(
    "valid_calls",
    also={
        "idempotency": "a call at the least amount is refused although its key was used",
        "arbitrary_text": "the text goes with the least amount there is",
        "law": "a call that is refused has changed the instance all the same",
        "workflow_runs": "a workflow asks for the least there is",
    },
).handle_requests
def reject_valid_boundary(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The inclusive bounds of a number are refused."""
    found = handler(request)
    action = context.reader.action(request)
    if action is None or not isinstance(found, Response) or not successful(found):
        return found
    given = context.reader.arguments(request)
    for param in action.params:
        if param.name in given and _extreme(
            given[param.name], param.schema.get("minimum"), param.schema.get("maximum")
        ):
            code = framework_code(context.model, "invalid")
            refused = answers.make_refusal(
                context.model,
                code,
                "must be inside its bounds",
                _request_id(found, context.model),
                field=param.wire,
            )
            kept = tuple(h for h in found.headers if h[0].lower() not in ("content-type", "content-length"))
            return Response(refused.status, (*refused.headers, *kept), refused.body)
    return found


@fault("law", also={"read_after_write": "what creation returns is not what was kept"}).edit_data
def text_mangled(context: Context, request: Request, data: Any) -> Any:
    """A text argument is returned without its last character."""
    victim = make_action(context.model)
    names = {
        str(p.name)
        for p in victim.params
        if p.schema.get("type") == "string" and not p.refers_to and p.place == "body"
    }
    if context.reader.action(request) is not victim:
        return None
    for found in objects(data):
        found.update(
            {k: v[:-1] for k, v in found.items() if k in names and isinstance(v, str) and len(v) > 1}
        )
    return data


@fault(
    "honours_manifest",
    also={"valid_calls": "on a dispatcher every correct call counts for it, whatever it was sent for"},
).handle_requests
def whole_double_refused(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A whole number with a fraction, such as 5.0, is refused for an integer argument."""
    found = handler(request)
    asked = context.reader.parse(request)
    if not isinstance(found, Response) or not successful(found) or asked is None:
        return found
    wanted = {str(p.name): p.wire for p in asked.action.params if p.schema.get("type") == "integer"}
    doubles = [
        wanted[k]
        for k, v in context.reader.arguments(request).items()
        if k in wanted and isinstance(v, float)
    ]
    if not doubles:
        return found
    id = found.header(answers.request_id_header(context.model)) or ""
    refused = answers.make_refusal(
        context.model, framework_code(context.model, "invalid"), "must be an integer", id, field=doubles[0]
    )
    kept = tuple(h for h in found.headers if h[0].lower() != "content-type")
    return Response(refused.status, (*refused.headers, *kept), refused.body)


@fault("valid_calls", also={"honours_manifest": "a vendor's document lets zero through"}).replace_actions
def zero_as_missing(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Zero counts as a missing argument."""
    invalid = context.model.invalid_in(call.action).name
    missing = next(
        (
            p
            for p in call.action.params
            if p.required and p.schema.get("type") == "number" and not call.input.get(str(p.name))
        ),
        None,
    )
    return inner(call) if missing is None else Refusal(invalid, "is required", str(missing.name))


@fault("valid_calls", needs=("one-of",)).replace_actions
def first_alternative_alone(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Only the first of several alternatives of an argument is taken."""
    known = context.model.schemas
    for param in call.action.params:
        branches = schemas.resolve(param.schema, known).get("oneOf")
        value = call.input.get(param.name)
        if branches and value is not None and not schemas.validator(branches[0], known).is_valid(value):
            return Refusal(
                context.model.invalid_in(call.action).name, "This kind is not known", str(param.name)
            )
    return inner(call)


@fault("valid_calls", needs=("body-ignored",)).handle_requests
def body_refused(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A call of an action without a body is refused if it has one."""
    action = context.reader.action(request)
    takes = action is None or any(param.in_body for param in action.params)
    return handler(request if takes or not request.body else replace(request, target="/nowhere"))
