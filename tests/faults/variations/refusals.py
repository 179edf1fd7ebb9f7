"""Legal ways to refuse, and calls that may be refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from faults.helpers import error_at
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.surface import Surface
from pgagents.sandbox import answers
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.decode import Arguments, Decoder, Problem
from pgagents.sandbox.fault_declaration import Context, variation
from pgagents.sandbox.fault_helpers import data_of, edits, successful
from pgagents.sandbox.routes import Routes


@variation().edit_answers
def challenge_says_more(context: Context, _request: Request, answer: Response) -> Response:
    """A challenge has optional parts: a realm, a description, and all scopes (RFC 6750, 3)."""
    oauth = context.model.code_flow
    more = {
        "realm": str(context.model.api.title),
        "scope": " ".join(oauth.scopes) if oauth is not None else "",
        "error_description": "What lacks is said in scope=name, as the documentation has it",
    }
    said = answer.header("www-authenticate")
    if said is None or not said.startswith("Bearer"):
        return answer
    parts = [
        said.removeprefix("Bearer").strip(),
        *(f'{name}="{text}"' for name, text in more.items() if text and f"{name}=" not in said),
    ]
    return answer.with_header("WWW-Authenticate", f"Bearer {', '.join(part for part in parts if part)}")


@variation("absent_id_first")
def malformed_id_missing(handler: Handler, context: Context) -> Handler:
    """An id that breaks its pattern is answered as a missing instance, not as an invalid argument."""
    wrong: list[Action] = []
    inner = context.front.decoder

    class Watched(Decoder):
        def request(
            self, action: Action, request: Request, path_values: Mapping[str, str]
        ) -> Arguments | Problem:
            return noted(action, inner.request(action, request, path_values))

        def members(
            self, action: Action, members: Mapping[str, Any], offered: Surface | None = None
        ) -> Arguments | Problem:
            return noted(action, inner.members(action, members, offered))

    def noted(action: Action, found: Arguments | Problem) -> Arguments | Problem:
        made = {n for n, r in context.model.resources.items() if r.made_by and r.made_by.action is action}
        named = [p for p in action.params if p.place == "path" and p.refers_to]
        ids = {p.wire for p in named if p.refers_to not in made}  # what a call makes is not missing
        if isinstance(found, Problem) and found.kind == "invalid" and found.field in ids:
            wrong.append(action)
        return found

    context.front.decoder = Watched(context.model)

    def answer(request: Request) -> Response | Silence:
        wrong.clear()
        found = handler(request)
        if not wrong or not isinstance(found, Response):
            return found
        missing = next(
            code
            for p in wrong[0].params
            if (r := context.model.resources.get(p.refers_to or "")) and (code := r.missing_for(p))
        )
        refused = answers.make_refusal(
            context.model, missing, "There is no such thing", found.header("x-request-id") or ""
        )
        return Response(refused.status, found.headers, refused.body)

    return answer


@variation().replace_actions
def odd_text_refused(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A text with a NUL or a bidirectional override is refused as an invalid argument."""
    invalid = context.model.invalid_in(call.action).name
    texts = json.dumps(call.input, default=str)
    odd = "\\u0000" in texts or "\\u202e" in texts
    return Refusal(invalid, "There is a character that is not possible here", "body") if odd else inner(call)


@variation()
def operator_hidden(handler: Handler, context: Context) -> Handler:
    """The operator's endpoints are answered with 404 for every key but the operator's."""
    routes = Routes(context.model)
    errors = context.model.errors
    refused, unknown = (
        framework_code(context.model, "no_scope"),
        framework_code(context.model, "unknown_path"),
    )

    def edit(request: Request, answer: Response) -> Response:
        match = routes.match(request.path)
        if (
            answer.status != refused.status
            or match is None
            or not any(e.operator for e in match.methods.values())
        ):
            return answer
        data = error_at(data_of(answer), errors.code_at, unknown.name)
        told = answer.with_json(data)
        return Response(unknown.status, told.headers, told.body)

    return edits(handler, edit)


@variation().edit_answers
def unknown_method_unparsed(_context: Context, request: Request, answer: Response) -> Response:
    """A method that is none of IANA's is refused by the HTTP library, with 400 and no body, as Node's is."""
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
    return answer if request.method in known else Response(400)


@variation("redirects").edit_answers
def post_slash_redirected(_context: Context, request: Request, answer: Response) -> Response:
    """A POST to a path with a trailing slash is redirected with 308, which keeps method, body and key."""
    if request.method != "POST" or answer.status != 404 or not request.path.endswith("/"):
        return answer
    return Response(308, (*answer.headers, ("Location", request.path.rstrip("/"))))


@variation("refused_status").edit_answers
def refused_422(context: Context, _request: Request, answer: Response) -> Response:
    """A refused argument gets 422 instead of 400, or the reverse."""
    status = framework_code(context.model, "invalid").status
    other = 422 if status == 400 else 400
    return replace(answer, status=other) if answer.status == status else answer


@variation("trailing_slash").edit_requests
def slash_means_the_same(context: Context, request: Request) -> Request:
    """A trailing slash in a path is ignored for reads and writes."""
    path, mark, query = request.target.partition("?")
    bare = replace(request, target=path.removesuffix("/") + mark + query)
    return bare if path != "/" and context.reader.knows(bare) else request


@variation("unknown_query").edit_answers
def unknown_query_refused(context: Context, request: Request, answer: Response) -> Response:
    """Undeclared query parameters are refused."""
    action = context.reader.action(request)
    if action is None or not successful(answer):
        return answer
    known = {p.wire for p in action.params if p.place == "query"}
    odd = next((name for name, _ in request.query if name.partition("[")[0] not in known), None)
    if odd is None:
        return answer
    id = answer.header(answers.request_id_header(context.model)) or ""
    refused = answers.make_refusal(
        context.model, framework_code(context.model, "invalid"), "is not a parameter here", id, field=odd
    )
    kept = tuple(h for h in answer.headers if h[0].lower() != "content-type")
    return Response(refused.status, (*refused.headers, *kept), refused.body)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif not isinstance(value, int | float | None):
        for inner in value.values() if hasattr(value, "values") else value:
            yield from _texts(inner)


def _twice(value: Any) -> bool:
    """Return whether two items of a list are equal without regard to case."""
    items = [str(item).lower() for item in value] if isinstance(value, list) else []
    return len(set(items)) < len(items)


def _far(value: Any, form: Any) -> bool:
    return form == "date-time" and isinstance(value, str) and not "1000" < value < "9000"


def _odd(value: dict[str, Any], known: set[str]) -> bool:
    """Return whether an object contains a known text with its case swapped."""
    return any(text not in known and text.swapcase() in known for text in _texts(value))


@variation().replace_actions
def unusual_refused(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Unusual but valid values are refused: duplicate items of a list, distant dates, known names in
    another case.
    """
    invalid = context.model.invalid_in(call.action).name
    known = set(_texts(context.model.env))
    for param in call.action.params:
        value = call.input.get(str(param.name))
        if (
            _twice(value)
            or _far(value, param.schema.get("format"))
            or (isinstance(value, dict) and _odd(value, known))
        ):
            return Refusal(invalid, "That is hardly meant", param.wire)
    return inner(call)


@variation().replace_actions
def innermost_missing_first(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A call that names an instance of an absent parent is answered as if the instance alone were absent."""
    result = inner(call)
    if not isinstance(result, Refusal):
        return result
    known = context.model.resources
    for child in (known[p.refers_to] for p in call.action.params if p.refers_to is not None):
        above = known.get(child.within or "")
        over = above.missing_in(call.action) if above is not None else None
        missing = child.missing_in(call.action)
        if over is not None and over.name == result.code and missing in call.action.errors:
            return replace(result, code=missing.name) if missing is not None else result
    return result
