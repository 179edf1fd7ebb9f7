"""What no action answers is answered as the catalogue says: unknown paths, wrong methods, bodies that are none.

Bodies are otherwise valid wherever they can be, so that a server that repairs them is seen to accept them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from zlib import crc32

from pgagents.contract import Contract
from pgagents.model import Code, Dispatcher
from pgagents.source import Pointer
from pgagents.verify.astray import HUGE, LONG, beside, elsewhere, nowhere, number_in, odd_requests, reader, without_id
from pgagents.verify.bodies import doubled, listed, number_left_out, padded, with_member
from pgagents.verify.call import Call, Raw
from pgagents.verify.check import Conversation, Judgement, Probe, accepted, broken, kept, promise_at, refused_with
from pgagents.verify.door import REST, Door
from pgagents.verify.edges import edges
from pgagents.verify.generate import ordinary
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.recipe import recipe_of
from pgagents.verify.seen import Seen
from pgagents.wire import json_bytes, read_json

NAME = "framework"
PLAINTEXT = f"{NAME}/plaintext@rest"
NOT_ALLOWED = 405
NOT_IMPLEMENTED = 501
NAMES_METHODS = "Allow names the methods of the path (RFC 9110, 15.5.6)"
LARGEST = "largest"
PAGES = ("https://pgv.example", "null", "http://localhost:3000")
"""Where web pages come from: a site, a frame without an address of its own or a file, a developer's machine."""
DEEP = 100_000
NEAR_JSON = "application/json-seq"
"""Another type (RFC 7464), whose name begins as JSON's does and has json in it; who minds no type takes it as well."""
SHOWN = frozenset(("options", "long_query", "huge_number", "word_number"))
"""Forms that other calls have too, such as a browser's question and the broken percent-encoding; sent alone where none did."""
SHOWS = {"percent": "long_query", "repeated": "huge_number"}
ODD_METHODS = ("DELETE", "PATCH", "PUT", "POST", "GET")


@dataclass(frozen=True, slots=True)
class Case:
    """One thing a framework must refuse (or take). `code` is None where it must be accepted, or only survived (`survive`)."""

    detail: str
    says: str
    call: Call
    code: Code | None
    origin: Pointer
    statuses: tuple[int, ...] = ()
    survive: bool = False
    writes: bool = False
    again: Call | None = None
    """What decides where `call`, which shows something else as well, was refused."""
    largest: Call | None = None
    """The same with as long a body as may be: it is tried first, and shows both."""
    allowed: frozenset[str] = frozenset()
    """Methods that the refusal of another one must name."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Paths and methods once, bodies once a surface, and the dispatcher's own members."""
    for case in cases(setting):
        yield promise_at(NAME, case.detail, f"@{case.call.surface}", case.says, case.origin)
        if case.largest is not None:
            most = setting.model.limits.max_body_bytes
            says = f"a body of {most:,} bytes is accepted"
            yield promise_at(NAME, LARGEST, f"@{case.call.surface}", says, ("limits", "max_body_bytes"))
    if setting.model.errors.framework.plaintext:
        says = "plain http is refused"
        yield promise_at(NAME, "plaintext", "@rest", says, ("errors", "framework", "plaintext"))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each."""
    del roles
    for case in cases(setting):
        contract = f"{NAME}/{case.detail}@{case.call.surface}"
        doors = (case.call.door,) if case.call.door else ()
        phase, spare = (6 if case.survive else 2), case.survive and case.detail.partition("/")[2] in SHOWN
        cost = 2 if case.writes else 1
        also = SHOWS.get(case.detail.partition("/")[2]) if case.survive else None
        shows = (f"{NAME}/survives/{also}@rest",) if also else ()
        covers = (contract, f"{NAME}/{LARGEST}@{case.call.surface}") if case.largest is not None else (contract,)
        run = _run(case, contract)
        yield Probe(contract, phase, covers, cost, run, doors, "main", case.writes, spare=spare, shows=shows)
    if setting.model.errors.framework.plaintext and setting.plain_url and (door := reader(setting)) is not None:
        yield Probe(PLAINTEXT, 2, (PLAINTEXT,), 1, _plaintext(setting, door), (), "main", False)


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Whatever has one of the odd forms shows that the server survives it; each 405 tells what else is possible there."""
    if seen.status == NOT_ALLOWED and seen.call.door is None and seen.call.intent == "framework":
        yield from _other_methods(seen, memory.setting)
    if seen.void or seen.call.surface != REST or reader(memory.setting) is None:
        return
    if seen.request.method == "OPTIONS":
        yield kept(f"{NAME}/survives/options@{REST}")
    if seen.request.method == "GET" and len(seen.request.target) > LONG:
        yield kept(f"{NAME}/survives/long_query@{REST}")
    if seen.request.method == "GET" and number_in(memory.setting) is not None:
        if HUGE in seen.request.target:
            yield kept(f"{NAME}/survives/huge_number@{REST}")
        if "=NaN" in seen.request.target:
            yield kept(f"{NAME}/survives/word_number@{REST}")


def _plaintext(setting: Setting, door: Door) -> Callable[[], Conversation]:
    """An ordinary call without TLS, with a key that is none: the code, and the headers that this status has."""
    code = setting.model.codes[setting.model.errors.framework.plaintext]
    due = [h for h in setting.model.headers if code.status in h.on]

    def run() -> Conversation:
        seen: Seen = yield replace(_edited(setting, door, "a call over plain http", Raw()), plain=True)
        lacking = [h for h in due if (seen.header(h.name) or "") != (h.const or seen.header(h.name))]
        if not seen.void and seen.status == code.status and lacking:
            name = lacking[0].name
            yield broken(PLAINTEXT, f"{code.status} with {name}: {lacking[0].const or 'any'}", f"{name}: {seen.header(name)}")
        elif seen.status == code.status and not setting.envelope(code.envelope).is_valid(seen.body):
            yield broken(PLAINTEXT, f"a body that is {code.envelope}", seen.json.problem or "another body")
        else:
            yield from refused_with(seen, PLAINTEXT, [code], "plain http")

    return run


def _run(case: Case, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        if case.code is None and not case.survive:
            yield from _taken(case, contract)
            return
        seen: Seen = yield case.call
        if case.survive:
            if not seen.void and not seen.spoilt_by("never_crashes"):
                yield kept(contract)
            return
        assert case.code is not None
        judged = list(refused_with(seen, contract, [case.code], case.says.removesuffix(" is refused"), case.statuses))
        if case.allowed and seen.status == case.code.status and (wrong := _misnamed(case.allowed, seen)):
            judged = [broken(contract, NAMES_METHODS, wrong)]
        yield from judged

    return run


def _taken(case: Case, contract: str) -> Conversation:
    """What must be accepted: at first with the largest body, then as it is, then without what else it shows."""
    largest, plain = f"{NAME}/{LARGEST}@{case.call.surface}", case.call
    seen: Seen = yield case.largest or plain
    if not seen.success and case.largest is not None:
        full, seen = seen, (yield plain)
        if not seen.success and case.again is not None:
            plain = case.again
            full = yield replace(plain, raw=case.largest.raw)
            seen = full if full.success else (yield plain)
        if seen.success:
            yield from accepted(full, largest, f"a body of {len(full.request.body):,} bytes")
    elif case.largest is not None:
        yield kept(largest)
    elif not seen.success and case.again is not None:
        seen = yield case.again
    yield from accepted(seen, contract, case.says)


def _other_methods(seen: Seen, setting: Setting) -> Iterator[Judgement]:
    """Judge the Allow of a method that no probe expected to be refused, such as HEAD."""
    contract, refused = f"{NAME}/wrong_method@{REST}", setting.model.errors.framework.wrong_method
    methods = frozenset(d.method for d in setting.doors if d.path == seen.request.path)
    if refused is not None and methods and (wrong := _misnamed(methods, seen)):
        yield broken(contract, NAMES_METHODS, wrong)


def _misnamed(allowed: frozenset[str], seen: Seen) -> str:
    """What is wrong with the Allow of a refused method; empty where nothing is."""
    told = seen.header("Allow")
    if not told:
        return "405 without Allow"
    methods = {part.strip() for part in told.split(",")}
    return f"Allow: {told[:120]}" if not allowed <= methods or seen.request.method in methods else ""


def cases(setting: Setting) -> tuple[Case, ...]:
    """All cases of a catalogue, made once a run."""
    return setting.kept(NAME, lambda: (*_paths(setting), *_bodies(setting), *_dispatched(setting), *_odd(setting)))


def _writer(setting: Setting) -> Door | None:
    """A REST action with a body that a test can call."""
    model = setting.model
    with_body = [d for d in setting.doors if d.on_rest and d.action.key and any(p.place == "body" for p in d.params)]
    undoable = {id(r.made_by.action) for r in model.resources.values() if r.made_by and r.undone_by}
    return next((d for d in with_body if id(d.action) in undoable), with_body[0] if with_body else None)


def _paths(setting: Setting) -> Iterator[Case]:
    framework, codes = setting.model.errors.framework, setting.model.codes
    door = reader(setting)
    if framework.unknown_path:
        code, origin = codes[framework.unknown_path], ("errors", "framework", "unknown_path")
        call = Call(None, {}, "framework", "an unknown path", raw=Raw("GET", nowhere(setting)))
        yield Case("unknown_path", "a path that does not exist is refused", call, code, origin)
        if setting.model.points.trailing_slash == "unknown" and door is not None:
            there = elsewhere(setting, door)
            call = _edited(setting, there, "a path with a slash added", Raw(target=f"{there.path}/"))
            yield Case("trailing_slash", "a path with a slash added is refused", call, code, ("points", "trailing_slash"))
            if (nameless := without_id(setting)) is not None:
                call = Call(None, {}, "framework", "a path that ends where an id should stand", raw=Raw("GET", nameless))
                invalid = codes[framework.invalid].status
                yield Case("empty_id", "a path without its id is refused", call, code, ("points", "trailing_slash"), (invalid,))
    if framework.wrong_method and door is not None:
        path = door.path
        methods = {d.method for d in setting.doors if d.path == path and d.on_rest}
        method = next(m for m in ODD_METHODS if m not in methods)
        if (pair := beside(setting)) is not None:
            method, path = pair
            methods = {d.method for d in setting.doors if d.path == path}
        call = Call(None, {}, "framework", f"{method} where it is not possible", raw=Raw(method, path))
        open_ = setting.model.points.head_and_options == "any"
        yield Case(
            "wrong_method", f"{method} {path} is refused", call, codes[framework.wrong_method],
            ("errors", "framework", "wrong_method"),
            (NOT_IMPLEMENTED,) if open_ else (), allowed=frozenset(methods),
        )  # fmt: skip


def _edited(setting: Setting, door: Door, why: str, raw: Raw) -> Call:
    """A correct call with something done to it; where web pages may call, as one of them sends it, which shows what they may read."""
    browsers = setting.model.browsers
    if browsers is not None and raw.target is None:
        page = PAGES[crc32(why.encode()) % len(PAGES)] if browsers.origins == "any" else str(browsers.origins[0]).rstrip("/")
        raw = replace(raw, headers=(*raw.headers, ("Origin", page)))
    return replace(ordinary(door, recipe_of(setting.model, door.action), "framework", why), raw=raw, surface=door.surface)


def _first_door(setting: Setting, surface: str) -> Door | None:
    """The door of a surface whose body is broken on purpose: one that reads, if there is one."""
    here = [d for d in setting.doors if d.surface == surface and d.dispatcher is not None]
    return next((d for d in here if d.action.effect == "read"), here[0] if here else None)


def _bodies(setting: Setting) -> Iterator[Case]:
    targets = [_writer(setting), *(_first_door(setting, d.surface) for d in setting.model.dispatchers)]
    for door in targets:
        if door is not None:
            yield from _bad_bodies(setting, door)
            yield from _types(setting, door)
            yield from _large(setting, door)


def _bad_bodies(setting: Setting, door: Door) -> Iterator[Case]:
    framework, codes = setting.model.errors.framework, setting.model.codes
    if framework.bad_body is None:
        return
    code, origin = codes[framework.bad_body], ("errors", "framework", "bad_body")
    writes = door.action.effect == "write"
    nan = number_left_out(setting, door)
    edits: list[tuple[str, str, Callable[[bytes], bytes]]] = [
        ("truncated", "a truncated JSON body is refused", lambda body: body[:-1]),
        ("trailing", "a JSON body with text behind it is refused", lambda body: body + b"x"),
        ("duplicate_member", "a body with a member twice is refused", doubled),
        ("nan", "a body with NaN is refused", lambda body: with_member(body, nan + b":NaN")),
        ("not_utf8", "a body that is not UTF-8 is refused", lambda body: with_member(body, b'"pgv_\xff":1')),
        ("no_object", "a body that is a list is refused", listed),
        ("null_body", "a body that is null is refused", lambda _: b"null"),
        ("empty_body", "an empty body is refused", lambda _: b""),
        ("deep", f"a body nested {DEEP:,} deep is refused", lambda _: b'{"pgv":' + b"[" * DEEP + b"]" * DEEP + b"}"),
    ]
    if door.on_rest:  # one reader of bodies, mostly
        edits.append(("comma", "a JSON body with a comma before its end is refused", lambda body: body[:-1] + b",}"))
    for detail, says, edit in edits:
        call = _edited(setting, door, says.removesuffix(" is refused"), Raw(edit=edit))
        yield Case(detail, says, call, code, origin, writes=writes)


def _types(setting: Setting, door: Door) -> Iterator[Case]:
    framework, codes = setting.model.errors.framework, setting.model.codes
    writes = door.action.effect == "write"
    if framework.wrong_type:
        kind = NEAR_JSON if door.on_rest else "text/plain"
        call = _edited(setting, door, f"a body sent as {kind}", Raw(headers=(("Content-Type", kind),)))
        origin = ("errors", "framework", "wrong_type")
        yield Case("wrong_type", f"a body sent as {kind} is refused", call, codes[framework.wrong_type], origin, writes=writes)
    charset = Raw(headers=(("Content-Type", "application/json; charset=UTF-8"),))  # as many clients write it: any case is the same
    recipe = recipe_of(setting.model, door.action)
    given = next((given for name, given, _ in edges(setting, door) if name == "minimal"), recipe.input)
    plain = replace(ordinary(door, recipe, "valid", "Content-Type with charset=utf-8", fresh=writes), raw=charset)
    call, most = replace(plain, input=given), setting.model.limits.max_body_bytes
    says = "a body sent as application/json; charset=utf-8 is accepted"
    largest = None
    if most is not None:
        raw = replace(charset, edit=lambda body: body + b" " * (most - len(body)))
        largest = replace(call, why=f"a body of {most:,} bytes, and Content-Type with charset=utf-8", raw=raw)
    yield Case("charset", says, call, None, door.action.origin, writes=writes, again=plain, largest=largest)


def _large(setting: Setting, door: Door) -> Iterator[Case]:
    most, name = setting.model.limits.max_body_bytes, setting.model.errors.framework.too_large
    if most is None or name is None:
        return
    says = f"a body of more than {most:,} bytes is refused"
    told = name != setting.model.errors.framework.invalid
    call = _edited(setting, door, f"a body of {most + 1:,} bytes", Raw(edit=lambda body: padded(body, most + 1, wide=told)))
    yield Case("too_large", says, call, setting.model.codes[name], ("limits", "max_body_bytes"), writes=door.action.effect == "write")


def _dispatched(setting: Setting) -> Iterator[Case]:
    invalid = setting.model.codes[setting.model.errors.framework.invalid]
    for dispatcher in setting.model.dispatchers:
        door = _first_door(setting, dispatcher.surface)
        if door is None:
            continue
        selector, arguments = dispatcher.selector, dispatcher.arguments
        outside = _outside(setting, dispatcher)
        ordinary_ones = {k: v for k, v in recipe_of(setting.model, door.action).input.items() if isinstance(v, str | int | float)}
        given = json_bytes(ordinary_ones).decode()  # as models give what is to be an object: in a text, with nothing else wrong
        wraps: list[tuple[str, str, dict[str, object]]] = [
            ("missing_action", f"a body without {selector} is refused", {arguments: {}}),
            ("action_type", f"{selector} that is a number is refused", {selector: 1, arguments: {}}),
            ("arguments_type", f"{arguments} that is a text is refused", {selector: str(door.action.name), arguments: given}),
        ]
        if outside is not None:
            wraps.append(
                ("outside_the_set", f"the action {outside}, which is not of the set, is refused", {selector: outside, arguments: {}})
            )
        says = "an action that does not exist is refused"
        call = _edited(setting, door, "an action's name in capital letters, which is none", Raw(edit=_named(dispatcher)))
        yield Case("unknown_action", says, call, invalid, dispatcher.origin)
        for detail, says, wrap in wraps:
            yield Case(detail, says, _edited(setting, door, says.removesuffix(" is refused"), Raw(wrap=wrap)), invalid, dispatcher.origin)
        if setting.model.points.unknown_member == "refused":
            call = _edited(setting, door, f"a member beside {arguments}", Raw(edit=lambda body: with_member(body, b'"pgv_unknown":1')))
            yield Case(
                "unknown_member", f"a member beside {selector} and {arguments} is refused", call, invalid, ("points", "unknown_member")
            )


def _named(dispatcher: Dispatcher) -> Callable[[bytes], bytes]:
    """What a correct call's body is with a name that no action has, and that is nearly the action's: in capital letters."""
    names = {str(a.name) for a in dispatcher.actions} | {str(f.name) for a in dispatcher.actions for f in a.formerly}

    def edit(body: bytes) -> bytes:
        said = read_json(body).value
        near = str(said[dispatcher.selector]).upper()
        return json_bytes({**said, dispatcher.selector: near if near not in names else "pgv_no_such_action"})

    return edit


def _outside(setting: Setting, dispatcher: Dispatcher) -> str | None:
    """An action that the dispatcher has not, such that nothing else is wrong with a call of it: a read without required arguments."""
    others = [a for a in setting.model.actions if a.key and a not in dispatcher.actions]
    chosen = min(others, key=lambda a: (any(p.required for p in a.params), a.effect == "write"), default=None)
    return str(chosen.name) if chosen is not None else None


def _odd(setting: Setting) -> Iterator[Case]:
    """Forms that may be answered in any way but with a crash."""
    for detail, says, raw in odd_requests(setting):
        call = Call(None, {}, "framework", says, raw=raw)
        yield Case(f"survives/{detail}", f"{says} does not crash the server", call, None, ("errors", "framework"), survive=True)
