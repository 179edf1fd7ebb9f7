"""Merge the author's part over the document's: mappings by key, all else is replaced, null removes.

A list of names whose items all begin with `+` or `-` changes the document's list. Calls, examples and steps
are units, which are replaced as a whole. A shape replaces a shape: with a `type`, none of the document's
keywords stays. A new part must say what it is, so that a misspelt name never adds one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.jsonschema.walk import HOLDING, count_steps
from pgagents.base.places import Pointer, value_at
from pgagents.base.text import brief, did_you_mean

Data = dict[Any, Any]
CALLS = ("found_by", "made_by", "read_by", "listed_by", "undone_by")
"""Keys of a resource that hold a call, or a list of calls."""
_NULLS = frozenset(("code_at", "message_at", "field_of_several"))
_DATA = frozenset(("default", "const", "examples", "extra"))
"""Keys of values that are data. Inside them null is a value, and a sign belongs to the text."""
_KINDS = frozenset(("type", "$ref", "anyOf", "oneOf", "allOf"))
"""Keywords that say what a value is: with one of them, the document's shape goes."""
_SHAPE = _KINDS | HOLDING.keys() | frozenset((
    "discriminator", "const", "enum", "default", "examples", "format", "pattern", "nullable",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
    "minItems", "maxItems", "uniqueItems", "minContains", "maxContains", "minProperties",
    "maxProperties", "dependentRequired", "contentEncoding", "contentMediaType", "max_bytes",
))  # fmt: skip
_SAYS_WHAT = _KINDS | frozenset(("enum", "const", "properties", "items"))
"""Keywords of which a new argument's schema, member or schema has at least one."""
_HINTS = frozenset(("destructive", "idempotent", "open_world", "effect"))
_LISTS_OF_NAMES: Mapping[str, tuple[str, ...]] = {
    "actions": ("errors", "tags", "may_change"),
    "surfaces": ("actions",),
    "resources": ("fixed", "volatile", "reads_change"),
    "workflows": ("needs",),
}
"""By section, the keys of its entries whose lists hold names."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A line of the author's that fits nothing in the document, or that contradicts itself.

    `at` is its pointer in the merged catalogue, and `item` its place in the author's list that stands there.
    """

    at: Pointer
    id: str
    message: str
    help: str = ""
    item: int | None = None


@dataclass(slots=True)
class Merged:
    """The merged data, and which parts of it the author says.

    `stated` has every pointer that the author names, `replaced` those whose whole value is the author's.
    `items` has the items of lists that the author changes: the place of each in the author's list, or None
    for one of the document's. `removed` are the author's nulls. `idle` are pointers at which the author says
    what the document says anyway; what the import only concluded is not among them.
    """

    data: Data
    stated: set[Pointer] = field(default_factory=set)
    replaced: set[Pointer] = field(default_factory=set)
    items: dict[Pointer, int | None] = field(default_factory=dict)
    removed: list[Pointer] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    idle: list[Pointer] = field(default_factory=list)


def merge(base: Mapping[Any, Any], over: Mapping[Any, Any]) -> Merged:
    """Merge the author's data over the document's. Actions have the same names in both.

    The import's conclusions about a removed operation or argument go with it. The author's lines about it
    stay, and the catalogue's checks find them.
    """
    return _Merger(base).merge(over)


def _is_whole_move(over: Mapping[Any, Any], at: Pointer) -> bool:
    """True if the author says all of a transition: where it has no `to`, no guess may add one."""
    return len(at) == 4 and (at[0], at[2]) == ("resources", "moves") and {"from", "otherwise"} <= over.keys()


class _Merger:
    def __init__(self, base: Mapping[Any, Any]) -> None:
        self.base = base
        self.made = Merged({})
        self.has_texts = False
        """True if the author says where an error has its code, so that a code he names is its text, too."""

    def merge(self, over: Mapping[Any, Any]) -> Merged:
        """Return the result. Actions come first, then groups, because lists of other sections name them."""
        base, data = _forget_moves(self.base, over), self.made.data
        data |= base
        if "actions" in over:
            self._member(data, base, "actions", over["actions"], ())
            if self.made.removed:
                gone = {str(at[1]): None for at in self.made.removed if len(at) == 2}
                inputs = [at for at in self.made.removed if len(at) == 4 and at[2] == "input"]
                arguments = {(str(at[1]), at[3]) for at in inputs}
                base = _forget(base, gone, arguments)
                data |= {key: base[key] for key in base if key != "actions"}
                _forget_arguments(data, self.base, arguments)
        for section in dict.fromkeys(("groups", *over)):
            if section in over and section != "actions":
                self._member(data, base, section, over[section], ())
        return self.made

    def _mapping(self, base: Mapping[Any, Any], over: Mapping[Any, Any], at: Pointer) -> Data:
        result = dict(base)
        for key, value in over.items():
            self._member(result, base, key, value, at)
        return result

    def _member(self, result: Data, base: Mapping[Any, Any], key: Any, value: Any, at: Pointer) -> None:
        here = (*at, key)
        self.made.stated.add(here)
        if value is None and not _may_be_null(here):
            if key not in base:
                said = f"there is no `{brief(str(key))}` here to remove"
                self._report(here, said, str(key), base, help=_EMPTY)
            result.pop(key, None)
            self.made.removed.append(here)
        elif is_answer(here) and value == {}:  # null removes, so this is an answer without a body
            self.made.replaced.add(here)
            result[key] = None
        elif key in base:
            result[key] = self._value(base[key], value, here)
        elif isinstance(value, Mapping) and value and _holds_parts(here):
            if members := self._mapping({}, value, here):
                result[key] = members
        elif self._fits(base, key, value, here):
            value = _make_firm(value, here)
            self.made.replaced.add(here)
            result[key] = self._list([], value, here) if holds_names(here) else value

    def _value(self, base: Any, over: Any, at: Pointer) -> Any:
        base, over = expand_short_forms(base, over, at)
        if isinstance(base, Mapping) and isinstance(over, Mapping) and not is_unit(at):
            if is_schema(at) and replaces_shape(base, over):
                base = without_shape(base)
            elif len(at) == 2 and at[0] == "resources":
                over = self._without_word(base, over, at)
            elif at == ("errors",):
                self.has_texts = base.get("code_at") is None and over.get("code_at") is not None
                base = _by_status(base, over)
            elif len(at) == 3 and at[:2] == ("errors", "codes"):
                base = {key: value for key, value in base.items() if key != "only"}
            elif over and "inferred" not in over:  # to write of a guess is to vouch for it
                guessed = {"inferred", "to"} if _is_whole_move(over, at) else {"inferred"}
                base = {key: value for key, value in base.items() if key not in guessed}
            return self._mapping(base, over, at)
        self.made.replaced.add(at)
        if over == base and isinstance(over, bool) == isinstance(base, bool) and not self._is_guess(at):
            self.made.idle.append(at)
        if len(at) == 3 and at[0] == "resources" and at[2] in CALLS:
            return _make_firm(over, at)
        return self._list(base, over, at) if holds_names(at) else over

    def _is_guess(self, at: Pointer) -> bool:
        """True if the import concluded the value at a pointer, instead of reading it in the document."""
        if len(at) > 2 and at[0] == "actions" and at[2] in _HINTS:
            return True
        if self.has_texts and at[:2] == ("errors", "codes"):
            return True
        part: Any = self.base
        for length, key in enumerate(at, 1):
            if not isinstance(part := part.get(key), Mapping):
                return False
            # the codes of errors are in the document, and what the framework answers with is a guess
            if part.get("inferred") is True and (at[:length] != ("errors",) or at[1:2] == ("framework",)):
                return True
        return False

    def _list(self, base: Any, over: Any, at: Pointer) -> Any:
        """Return the author's list of names, or the document's one with the author's changes."""
        words = over if isinstance(over, list) and all(isinstance(word, str) for word in over) else []
        signed = [word for word in words if word[:1] in ("+", "-") and word[1:]]
        if not signed:
            return over
        if len(signed) < len(words):
            plain = next(word for word in words if word not in signed)
            said = f"`{brief(signed[0])}` changes the document's list, and `{brief(plain)}` replaces it"
            help = "write a sign before each name of the list, or before none"
            self.made.misfits.append(Misfit(at, "mixed-list", said, help))
            return base
        return self._change(self._names(base), signed, at)

    def _change(self, base: list[Any], over: list[str], at: Pointer) -> list[Any]:
        result: list[tuple[Any, int | None]] = [(name, None) for name in base]
        for number, word in enumerate(over):
            sign, name = word[0], word[1:]
            there = [item for item in result if item[0] == name]
            if sign == "+" and not there:
                result.append((name, number))
            elif sign == "-" and there:
                result.remove(there[0])
            else:
                what = "is in the list already" if sign == "+" else "is not in the list"
                known = [] if sign == "+" else [str(each) for each in base]
                self._report(at, f"`{brief(name)}` {what}", name, known, number)
        self.made.items |= {(*at, place): number for place, (_, number) in enumerate(result)}
        return [name for name, _ in result]

    def _names(self, base: Any) -> list[Any]:
        """Return the names of a list, of a group, or of all actions."""
        if isinstance(base, str):
            groups = self.made.data.get("groups")
            group = groups.get(base) if isinstance(groups, dict) else None
            base = list(self.made.data["actions"]) if base == "all" else group
        return list(base) if isinstance(base, list) else []

    def _fits(self, base: Mapping[Any, Any], key: Any, value: Any, at: Pointer) -> bool:
        """Return False for a new member that does not say what it is: most often its name is misspelt."""
        if (kind := _find_kind(at)) is None or kind.says(value):
            return True
        near = did_you_mean(str(key), map(str, base))
        help = near if near.startswith("did") else f"a new one says {kind.wanted}"
        if kind is _CODE and str(key).isdecimal():
            help = f"a code has a name: `codes: {{NAME: {{status: {key}, meaning: …}}}}`"
        name = f"`{brief(str(key))}`"
        self.made.misfits.append(
            Misfit(at, "unknown-part", f"the document has no {kind.noun} {name} here", help)
        )
        return False

    def _without_word(
        self, base: Mapping[Any, Any], over: Mapping[Any, Any], at: Pointer
    ) -> Mapping[Any, Any]:
        """Refuse `inferred: false` for calls that nobody wrote, and that would change with the document."""
        unwritten = [key for key in CALLS if key in base and key not in over]
        if over.get("inferred") is False and base.get("inferred") is True and unwritten:
            names = ", ".join(f"`{key}`" for key in unwritten)
            said = f"`inferred: false` is the author's word for calls that only the document shows: {names}"
            help = f"`pgagents import --settle {at[1]}` writes them: keep those that are right; or write "
            help += f"`confirmed: [{', '.join(unwritten)}]` in its place"
            self.made.misfits.append(Misfit((*at, "inferred"), "unwritten-calls", said, help))
            self.made.stated.add((*at, "inferred"))
            return {key: value for key, value in over.items() if key != "inferred"}
        return over

    def _report(
        self,
        at: Pointer,
        message: str,
        word: str,
        known: Collection[Any],
        item: int | None = None,
        help: str = "remove this line",
    ) -> None:
        meant = did_you_mean(word, map(str, known))
        help = meant if meant and not (help == _EMPTY and meant.startswith("known")) else help
        self.made.misfits.append(Misfit(at, "changes-nothing", message, help, item))


_EMPTY = "a key without a value removes: what it should hold stands below it, indented further"


# -- what stands at a pointer


def is_unit(at: Pointer) -> bool:
    """True for a call of a resource, an example, and a step of a workflow."""
    return (
        (len(at) == 3 and at[0] == "resources" and at[2] in CALLS)
        or (len(at) == 4 and at[0] == "actions" and at[2] == "examples")
        or (len(at) == 4 and at[0] == "workflows" and at[2] == "steps")
    )


def _may_be_null(at: Pointer) -> bool:
    return at[-1] in _NULLS or at[0] == "env" or _is_data(at)


def _is_data(at: Pointer) -> bool:
    """True for a value that is data, and for a value inside data.

    A name may be that of an argument, a member or an example. So the name of a part of data is looked for
    where only keywords stand.
    """
    if at[0] == "actions" and len(at) > 4 and at[2] == "examples":
        return True
    root = _find_schema_root(at)
    rest = at[root:] if root else ()
    while rest:
        if rest[0] in _DATA:
            return True
        rest = rest[count_steps(rest) or 1 :]
    return "extra" in at[2:]


def is_answer(at: Pointer) -> bool:
    return len(at) == 4 and at[0] == "actions" and at[2] == "output"


def _find_schema_root(at: Pointer) -> int:
    """Return the number of steps to the schema that the pointer leads into; 0 if there is none."""
    if at[0] == "schemas" and len(at) >= 2:
        return 2
    return 4 if at[0] == "actions" and len(at) >= 4 and at[2] in ("input", "output") else 0


def is_schema(at: Pointer) -> bool:
    """True for an argument, an answer, a schema, and a schema inside one of these."""
    root = _find_schema_root(at)
    rest = at[root:]
    while root and (steps := count_steps(rest)):
        rest = rest[steps:]
    return bool(root) and not rest


def replaces_shape(base: Mapping[Any, Any], over: Mapping[Any, Any]) -> bool:
    """True if the author says what the value is. `items` over the document's own list only changes these."""
    return any(over.get(key) is not None for key in _KINDS) or ("items" in over and "items" not in base)


def without_shape(schema: Mapping[Any, Any]) -> Data:
    """Return a schema without the keywords of its shape. `required` is one if it lists members."""
    return {
        key: value
        for key, value in schema.items()
        if key not in _SHAPE and not (key == "required" and isinstance(value, list))
    }


def holds_names(at: Pointer) -> bool:
    """True for a list of names, in which a sign changes the document's list."""
    if len(at) == 2:
        return at[0] == "groups" or at == ("errors", "always")
    return len(at) == 3 and at[2] in _LISTS_OF_NAMES.get(str(at[0]), ())


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of part that must say what it is when the document does not have it."""

    noun: str
    wanted: str
    says: Callable[[Any], bool]


def _has_any(keys: Collection[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, Mapping) and any(value.get(key) is not None for key in keys)


def _says_status(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or _has_any(("status",))(value)


_ARGUMENT = _Kind("argument", "`in` and its type", _has_any(("in",)))
_MEMBER = _Kind("member", "its `type`", lambda value: value == {} or _has_any(_SAYS_WHAT)(value))
_SCHEMA = _Kind("schema", "its `type`", _has_any(_SAYS_WHAT))
_RESOURCE = _Kind("resource", "a call, such as `read_by`, or `given`", _has_any((*CALLS, "given")))
_SCHEME = _Kind("key scheme", "its `type`", _has_any(("type",)))
_CODE = _Kind("error code", "its `status`", _says_status)


def _by_status(base: Mapping[Any, Any], over: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return the document's errors without the names that import gave to statuses, where the author says at
    which member an error has its code: no error says them.
    """
    if base.get("code_at") is not None or over.get("code_at") is None or not base.get("inferred"):
        return base
    named = over.get("codes")
    codes = {
        name: {"code_at": None, **(code if isinstance(code, Mapping) else {"status": code})}
        for name, code in (base.get("codes") or {}).items()
        if not (isinstance(named, Mapping) and name in named)
    }
    return {**base, "codes": {**base.get("codes", {}), **codes}}


def _holds_parts(at: Pointer) -> bool:
    """True for a mapping whose new members must say what they are, or that has such a mapping."""
    return at in (("auth",), ("errors",)) or _find_kind((*at, "")) is not None


def _find_kind(at: Pointer) -> _Kind | None:
    """Return the kind of part that a new member at this pointer is; None where any name may be new."""
    if len(at) == 4 and at[0] == "actions" and at[2] == "input":
        return _ARGUMENT
    if len(at) == 2 and at[0] in ("schemas", "resources"):
        return _SCHEMA if at[0] == "schemas" else _RESOURCE
    if len(at) == 3 and at[:2] in (("auth", "schemes"), ("errors", "codes")):
        return _SCHEME if at[0] == "auth" else _CODE
    return _MEMBER if len(at) > 2 and at[-2] == "properties" and is_schema(at) else None


def _make_firm(value: Any, at: Pointer) -> Any:
    """Return the author's calls of a resource as firm ones: what contradicts them is broken, not odd."""
    if len(at) != 3 or at[0] != "resources" or at[2] not in CALLS:
        return value
    if isinstance(value, list):
        return [_make_firm(call, at) for call in value]
    return {"inferred": False, **value} if isinstance(value, Mapping) else value


# -- short forms


def expand_short_forms(base: Any, over: Any, at: Pointer) -> tuple[Any, Any]:
    """Return both values in the long form if one of them is a mapping, so that no member is lost."""
    key = _find_long_key(at)
    if key and isinstance(base, Mapping) != isinstance(over, Mapping):
        base, over = (value if isinstance(value, Mapping) else {key: value} for value in (base, over))
    return base, over


def _find_long_key(at: Pointer) -> str:
    """Return the key that a value stands under when its mapping is written out; empty if it has none."""
    if len(at) == 3 and at[0] == "actions" and at[2] in _HINTS:
        return "value"
    if len(at) == 4 and at[0] in ("actions", "resources") and at[2] == "laws":
        return "that"
    if len(at) == 3 and at[:2] == ("errors", "codes"):
        return "status"
    return "url" if at == ("api", "server") else ""


# -- what the import concluded about a removed part


def _forget(base: Data, gone: Mapping[str, None], arguments: Collection[tuple[str, Any]]) -> Data:
    """Return the document's data without calls of removed actions, and without removed arguments in calls."""
    result = dict(base)
    for section in ("groups", "surfaces"):
        if isinstance(base.get(section), dict):
            result[section] = _without_names(base[section], gone)
    auth = base.get("auth") or {}
    if isinstance(auth.get("schemes"), dict):
        result["auth"] = {**auth, "schemes": _without_names(auth["schemes"], gone)}
    resources: Data = {}
    for name, resource in (base.get("resources") or {}).items():
        kept = dict(_forget_calls(resource, gone, arguments))
        if any(key in kept for key in (*CALLS, "given")) or not any(key in resource for key in CALLS):
            resources[name] = kept
    if "resources" in base:
        result["resources"] = resources
    return result


def _forget_moves(base: Mapping[Any, Any], over: Mapping[Any, Any]) -> Data:
    """Return the document's data without guessed moves that answer an error code which the author removes,
    where he does not name the move himself.
    """
    codes, written = (value_at(over, at) for at in (("errors", "codes"), ("resources",)))
    gone = {name for name, code in codes.items() if code is None} if isinstance(codes, Mapping) else set()
    resources = dict(base.get("resources") or {})
    for name, resource in resources.items() if gone else ():
        moves, own = resource.get("moves") or {}, value_at(written, (name, "moves")) or {}
        left = {key: m for key, m in moves.items() if m.get("otherwise") not in gone or key in own}
        resources[name] = {**resource, "moves": left} if left != moves else resource
    return {**base, "resources": resources} if resources else dict(base)


def _forget_calls(
    resource: Data, gone: Mapping[str, None], arguments: Collection[tuple[str, Any]]
) -> Iterator[tuple[str, Any]]:
    for key, value in resource.items():
        if key not in CALLS:
            yield key, value
            continue
        calls = value if isinstance(value, list) else [value]
        kept = [_without_arguments(call, arguments) for call in calls if call.get("action") not in gone]
        if kept:
            yield key, kept if isinstance(value, list) else kept[0]


def _without_arguments(call: Data, arguments: Collection[tuple[str, Any]]) -> Data:
    given = call.get("input")
    if not isinstance(given, dict):
        return call
    return {**call, "input": {k: v for k, v in given.items() if (call.get("action"), k) not in arguments}}


def _without_names(value: Any, gone: Mapping[str, None]) -> Any:
    if isinstance(value, dict):
        return {key: _without_names(member, gone) for key, member in value.items()}
    if isinstance(value, list):
        return [_without_names(item, gone) for item in value if not (isinstance(item, str) and item in gone)]
    return value


def _forget_arguments(data: Data, base: Mapping[Any, Any], arguments: Collection[tuple[str, Any]]) -> None:
    """Remove these arguments from the documented calls, the pages and the question of their actions."""
    for action, argument in arguments:
        written = data["actions"].get(action)
        confirm = value_at(base, ("actions", action, "confirm"))
        told = isinstance(confirm, dict) and f"{{{argument}}}" in confirm["body"]
        if told and isinstance(written, dict) and written.get("confirm") == confirm:
            question = {"body": f"{str(written.get('title', action)).rstrip(' .?!')}?"}
            written = data["actions"][action] = {**written, "confirm": question}
        pages = written.get("pages") if isinstance(written, dict) else None
        if isinstance(pages, dict) and pages.get("inferred") and pages.get("argument") == argument:
            written = data["actions"][action] = {k: v for k, v in written.items() if k != "pages"}
        examples = written.get("examples") if isinstance(written, dict) else None
        if isinstance(examples, dict) and isinstance(written, dict):
            kept = {
                name: {**call, "input": {k: v for k, v in call["input"].items() if k != argument}}
                if isinstance(call, dict) and isinstance(call.get("input"), dict)
                else call
                for name, call in examples.items()
            }
            data["actions"][action] = {**written, "examples": kept}
