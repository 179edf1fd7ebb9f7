"""Hold the schemas of a document whole, for a run that judges values by them.

A conversion carries what the catalogue's language can say. Here nothing is left out: each schema is written
with all that it refers to, in the two readings of `base/jsonschema/readings.py`. A gap is a part that no
validator can hold.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from pgagents.base.jsonschema.readings import FLOAT_MULTIPLE, Readings
from pgagents.base.jsonschema.schema import list_endless
from pgagents.base.jsonschema.walk import HOLDING, LISTS, NAMED, ONE, rewrite
from pgagents.base.places import Pointer
from pgagents.base.text import brief
from pgagents.catalogue.encoding.medium import medium_of
from pgagents.catalogue.model.model import DocumentRequest
from pgagents.importer.document import Found, References, say_dangling
from pgagents.importer.operations import ImportedAction, Operation, Parameter, is_json
from pgagents.importer.schemas import ALLOWED_VALUES, TYPES, Schemas, is_count, is_number

MOST_SCHEMAS = 5_000
"""Most schemas that one body may stand for; a larger one is a gap as a whole."""
DEFS = "#/$defs/"
ERRORS = 400
"""Least status of an error."""
_ASSERTED = frozenset((
    "date", "date-time", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6",
    "uri", "uri-reference", "iri", "iri-reference", "uuid", "uri-template", "json-pointer",
    "relative-json-pointer", "regex",
))  # fmt: skip
"""Formats that the validator holds a text to."""
_ANY_TEXT = frozenset(("password", "binary"))
_WIDTHS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_BASE64 = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_NOTED = frozenset((
    "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "xml",
    "externalDocs", "$comment", "$schema", "$anchor", "$id", "id", "discriminator", "nullable", "x-nullable",
    "collectionFormat", "contentEncoding", "contentMediaType", "contentSchema", "$defs", "definitions",
    "allowEmptyValue", "$dynamicAnchor",
))  # fmt: skip
"""Keywords that hold no value to anything, or that are read with others."""
_UNHELD = frozenset(("$dynamicRef", "$recursiveRef", "$recursiveAnchor", "$vocabulary"))
_APPLYING = frozenset(k for k, kind in HOLDING.items() if kind not in ("text", "definition"))
_COUNTED = frozenset(("minContains", "maxContains"))
_OLD = frozenset((
    "title", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength",
    "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties",
    "required", "enum", "type", "allOf", "oneOf", "anyOf", "not", "items", "properties",
    "additionalProperties", "format",
))  # fmt: skip
"""Keywords of OpenAPI 3.0 and Swagger 2.0 that hold values; the strict reading knows no others there."""
_DIALECTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "https://spec.openapis.org/oas/3.1/dialect/base",
)


class OwnSchemas:
    """The document's schemas by action, made when a run asks for them.

    `stated` are the pointers of the catalogue at which an author speaks; what he says replaces the document.
    """

    def __init__(
        self,
        references: References,
        made: Sequence[ImportedAction],
        schemas: Schemas,
        stated: Iterable[Pointer] = (),
    ) -> None:
        self.references, self.modern = references, schemas.modern
        self.made = {action.name: action for action in made}
        every = tuple(stated)
        self.replaced = {str(at[1]) for at in every if _replaces(at)}
        self.arguments = {(str(at[1]), str(at[3])) for at in every if _replaces_argument(at)}
        self.answered = {
            str(at[1]) for at in every if len(at) > 3 and (at[0], at[2]) == ("actions", "output")
        }
        shared = {at for at in every if at[:1] == ("schemas",)}
        outer = {at[:-1] for at in shared}
        told = [at for at in shared - outer if at[-1] not in _HARMLESS]
        names = {
            "readOnly": {at[1] for at in told},
            "writeOnly": {at[1] for at in told if at[-1] != "readOnly"},  # an answer may have it as before
        }
        self._replaced_places = {
            mark: {place for place, name in schemas.by_place.items() if name in replaced}
            for mark, replaced in names.items()
        }
        self.of_errors = any(at[:1] == ("errors",) for at in every)
        self._requests: dict[str, DocumentRequest | None] = {}
        self._answers: dict[tuple[str, int], Readings | None] = {}

    def find_request(self, action: str) -> DocumentRequest | None:
        """Return the schemas of an action's request without those of arguments that the author replaced.

        The body as a whole goes with any of its members. None if the author replaced all of them.
        """
        if action not in self._requests:
            found = self.made.get(action)
            known = found is not None and action not in self.replaced
            self._requests[action] = self._read(found) if found is not None and known else None
        return self._requests[action]

    def find_answer(self, action: str, status: int) -> Readings | None:
        """Return the schema of an answer's JSON body; None if there is none, or the author's replaces it."""
        key = (action, status)
        if key not in self._answers:
            found = self.made.get(action)
            stated = action in self.answered or (status >= ERRORS and self.of_errors)
            schema = None if found is None or stated else _find_answer(found.operation, status)
            self._answers[key] = self.hold(schema, "writeOnly") if schema is not None else None
        return self._answers[key]

    def _read(self, found: ImportedAction) -> DocumentRequest:
        op = found.operation
        said = {name for action, name in self.arguments if action == found.name}
        apart = {(p.place, p.name): found.wires.get((p.name, p.place), p.name) for p in op.parameters}
        kept = [p for p in op.parameters if apart[p.place, p.name] not in said]
        params = self._hold_each(kept)
        required = frozenset((p.place, p.name) for p in kept if p.required)
        body = op.body
        if body is None or said - set(apart.values()):
            return DocumentRequest(None, False, params, required)
        medium = medium_of(body.media)
        form = medium is not None and medium.members and not medium.typed
        if body.fields:  # Swagger describes a form by its members
            params |= self._hold_each(body.fields)
            needed = {("body", p.name) for p in body.fields if p.required}
            return DocumentRequest(None, False, params, required | needed)
        held = self.hold(body.schema, "readOnly") if is_json(body.media) or form else None
        return DocumentRequest(held, body.required, params, required)

    def _hold_each(self, params: Iterable[Parameter]) -> dict[tuple[str, str], Readings]:
        held = ((p.place, p.name, self.hold(p.schema, "readOnly")) for p in params)
        return {(place, name): readings for place, name, readings in held if readings is not None}

    def hold(self, found: Found, mark: str) -> Readings | None:
        """Return a schema in both readings; None if the author replaced a part of it.

        Members with the mark are missing in the lenient one.
        """
        made, gaps, dangling = [], dict[str, None](), ""
        for strict in (True, False):
            writing = _Writing(self.references, modern=self.modern, strict=strict)
            whole = writing.write_all(found)
            if not self._replaced_places[mark].isdisjoint(writing.places):
                return None
            if not strict and (marked := writing.marked[mark]):
                whole = _without_required(whole, marked)
            gaps |= dict.fromkeys(writing.gaps)
            dangling = dangling or writing.dangling
            made.append(whole)
        readings = Readings(made[0], made[1], tuple(gaps), dangling)
        if why := readings.check():
            return Readings({}, {}, (*gaps, f"{found.place}: {brief(why, 120)}"), dangling)
        return readings


def _replaces(at: Pointer) -> bool:
    """True if an author's line may change which arguments an action takes, or how they are sent."""
    return at[:1] == ("actions",) and at[2:3] in [("either",), ("http",), ("unknown",), ("content_type",)]


def _replaces_argument(at: Pointer) -> bool:
    """True if an author's line may change which values this one argument takes, or how they are sent."""
    return len(at) >= 5 and (at[0], at[2]) == ("actions", "input") and at[4] not in _HARMLESS


_HARMLESS = frozenset(
    ("examples", "description", "title", "refers_to", "secret", "private", "deprecated", "otherwise")
)


def _find_answer(op: Operation, status: int) -> Found | None:
    wanted = (str(status), f"{status // 100}XX", f"{status // 100}xx", "default")
    by_status = {answer.status: answer for answer in op.answers}
    answer = next((by_status[name] for name in wanted if name in by_status), None)
    return answer.schema if answer is not None and is_json(answer.media or "application/json") else None


def _without_required(schema: Any, names: Set[str]) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    made = rewrite(schema, lambda child: _without_required(child.schema, names))
    required = made.get("required")
    return {**made, "required": [name for name in required if name not in names]} if required else made


class _Writing:
    """Writes one schema, and each that it refers to under `$defs`, in one reading."""

    def __init__(self, references: References, *, modern: bool, strict: bool) -> None:
        self.references, self.modern, self.strict = references, modern, strict
        self.gaps: list[str] = []
        self.dangling = ""
        self.marked: dict[str, set[str]] = {"readOnly": set(), "writeOnly": set()}
        self.places = set[tuple[str, str]]()
        """Where the schemas stand that were written, each by its document's address and its pointer."""
        self._names: dict[tuple[str, str], str] = {}
        self._pending: deque[tuple[str, Found]] = deque()
        self._count = 0

    def write_all(self, found: Found) -> dict[str, Any]:
        whole = self.write(found)
        named: dict[str, Any] = {}
        while self._pending and self._count <= MOST_SCHEMAS:
            name, target = self._pending.popleft()
            named[name] = self.write(target)
        if self._count > MOST_SCHEMAS:
            self._miss(found, f"it stands for more than {MOST_SCHEMAS:,} schemas")
            return {}
        mappings = {name: schema for name, schema in named.items() if isinstance(schema, dict)}
        if mappings and list_endless({**mappings, "": whole if isinstance(whole, dict) else {}}, DEFS):
            self._miss(found, "a value is held to the same schemas again and again")
            return {}
        whole = whole if isinstance(whole, dict) else {"allOf": [whole]}
        return {**whole, "$defs": named} if named else whole

    def write(self, found: Found) -> dict[str, Any] | bool:
        self._count += 1
        self.places.add((found.document.location, found.pointer))
        raw = found.value
        if isinstance(raw, bool) and (self.modern or raw or not self.strict):
            return raw
        if not isinstance(raw, dict):
            if raw is not None:
                self._miss(found, "no schema stands here")
            return {}
        if self._count > MOST_SCHEMAS:
            return {}
        made: dict[str, Any] = {}
        if isinstance(raw.get("$ref"), str):
            made["$ref"] = self._refer(found)
            if not self.modern and self.strict:
                return made if made["$ref"] else {}
        for key, value in raw.items():
            if key in _APPLYING:
                self._apply(found, key, made)
            elif key != "$ref" and key not in _NOTED and not key.startswith("x-"):
                self._keep(found, key, value, made)
        if not made.get("$ref", True):
            del made["$ref"]
        self._bound(raw, made)
        self._format(found, made)
        if not self.modern and self.strict:
            made = {key: value for key, value in made.items() if key in _OLD or key == FLOAT_MULTIPLE}
        if str(raw.get("$schema", _DIALECTS[0])).rstrip("#") not in _DIALECTS:
            self._miss(found, f"its dialect is {brief(str(raw['$schema']), 60)}")
        return self._allow_null(raw, made)

    def _miss(self, found: Found, why: str) -> None:
        self.gaps.append(f"{found.place}: {why}")

    def _refer(self, found: Found) -> str:
        target = self.references.target(found)
        if not isinstance(target.value, dict | bool):
            self._miss(found, say_dangling(found))
            self.dangling = self.dangling or self.gaps[-1]
            return ""
        place = (target.document.location, target.pointer)
        if place not in self._names:
            self._names[place] = f"s{len(self._names)}"
            self._pending.append((self._names[place], target))
        return DEFS + self._names[place]

    def _apply(self, found: Found, key: str, made: dict[str, Any]) -> None:
        """Write a keyword that holds schemas."""
        value, here = found.value[key], found.at(key)
        if key == "items" and isinstance(value, list):
            if self.modern:
                self._miss(here, "`items` is a list")
            elif not self.strict:
                made["prefixItems"] = [self.write(part) for part in here.items()]
        elif key in LISTS and isinstance(value, list):
            if value:
                made[key] = [self.write(part) for part in here.items()]
        elif key == "additionalProperties" and isinstance(value, bool):
            made[key] = value  # the one boolean that OpenAPI 3.0 knows as a schema
        elif key in ONE and isinstance(value, dict | bool):
            made[key] = self.write(here)
        elif key == "properties" and isinstance(value, dict):
            made[key] = {name: self.write(here.at(name)) for name in value}
            for name in value:
                for mark, marked in self.marked.items():
                    if self._is_marked(here.at(name), mark):
                        marked.add(name)
        elif key == "dependencies" and isinstance(value, dict):
            self._depend(here, made)
        elif key == "patternProperties" and isinstance(value, dict):
            fit = [name for name in value if ALLOWED_VALUES["pattern"](name)]
            made[key] = {name: self.write(here.at(name)) for name in fit}
            if len(fit) < len(value):
                self._miss(here, "a pattern is not a regular expression (ECMA-262)")
        elif key in NAMED and isinstance(value, dict):
            made[key] = {name: self.write(here.at(name)) for name in value}
        else:
            self._miss(here, f"`{key}` is not what it may be")

    def _depend(self, here: Found, made: dict[str, Any]) -> None:
        """Write `dependencies`, which 2019-09 replaced by two keywords. A newer document has it in vain."""
        if self.modern and self.strict:
            return
        for name, value in here.mapping().items():
            if isinstance(value, list):
                made.setdefault("dependentRequired", {})[name] = [
                    one for one in value if isinstance(one, str)
                ]
            else:
                made.setdefault("dependentSchemas", {})[name] = self.write(here.at(name))

    def _is_marked(self, found: Found, mark: str) -> bool:
        return any(
            one.get(mark) is True for one in (found.mapping(), self.references.follow(found).mapping())
        )

    def _keep(self, found: Found, key: str, value: Any, made: dict[str, Any]) -> None:
        """Write a keyword that holds no schema."""
        if key == "type" and value == "file":  # in a form of Swagger, a text that the run makes up
            return
        if key == "type":
            kinds = value if isinstance(value, list) else [value]
            known = [kind for kind in kinds if kind in TYPES]
            if len(known) == len(kinds) and kinds:
                made[key] = value
            else:
                self._miss(found, f"`type: {brief(str(value), 40)}` is not a JSON type")
        elif key == "required":
            if isinstance(value, list):
                made[key] = list(dict.fromkeys(name for name in value if isinstance(name, str)))
        elif key in ("exclusiveMinimum", "exclusiveMaximum"):
            if is_number(value):
                made[key] = value
        elif key == "dependentRequired" and isinstance(value, dict):
            made[key] = {
                name: list(dict.fromkeys(one for one in names if isinstance(one, str)))
                for name, names in value.items()
                if isinstance(names, list)
            }
        elif key in _COUNTED and is_count(value):
            made[key] = int(value)
        elif key in ALLOWED_VALUES and key not in _NOTED:
            if ALLOWED_VALUES[key](value):
                made[key] = value
            elif not (key == "format" and value in ("", None)):
                self._miss(found, f"`{key}` is not what it may be")
        elif key in _UNHELD:
            self._miss(found, f"`{key}` is not held")
        else:
            self._miss(found, f"`{brief(key, 40)}` is not a keyword of JSON Schema 2020-12")

    def _bound(self, raw: Mapping[str, Any], made: dict[str, Any]) -> None:
        """Write bounds that OpenAPI 3.0 excludes by a flag, and a unit as servers divide by it."""
        for key, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if raw.get(key) is True and bound in made:
                made[key] = made.pop(bound)
        unit = made.get("multipleOf")
        if self.strict and isinstance(unit, float) and not unit.is_integer():
            made[FLOAT_MULTIPLE] = unit

    def _format(self, found: Found, made: dict[str, Any]) -> None:
        """Write what a format demands that the validator does not know.

        Servers differ in whether they hold values to one, so the strict reading alone demands it. A value
        of a format of one's own is only valid if the document shows it.
        """
        name, raw = made.get("format"), found.value
        if raw.get("contentEncoding") == "base64" and name is None:
            name = "byte"
        if not isinstance(name, str) or name in _ASSERTED or name in _ANY_TEXT or not self.strict:
            return
        kinds = raw.get("type")
        numeric = {kinds} if isinstance(kinds, str) else set(kinds) if isinstance(kinds, list) else set()
        if name in _WIDTHS:
            low, high = _WIDTHS[name]
            made["allOf"] = [*made.get("allOf", ()), {"minimum": low, "maximum": high}]
        elif name == "byte":
            made["allOf"] = [*made.get("allOf", ()), {"pattern": _BASE64}]
        elif "string" in numeric and not {"enum", "const"} & raw.keys():
            shown = [raw[key] for key in ("default", "example") if key in raw]
            shown += raw["examples"] if isinstance(raw.get("examples"), list) else []
            only = {"enum": shown} if shown else False
            made["allOf"] = [*made.get("allOf", ()), {"if": {"type": "string"}, "then": only}]

    def _allow_null(self, raw: Mapping[str, Any], made: dict[str, Any]) -> dict[str, Any]:
        if raw.get("nullable") is not True and raw.get("x-nullable") is not True:
            return made
        if self.modern:
            return made if self.strict else {"anyOf": [made, {"type": "null"}]}
        if not self.strict:
            return {"anyOf": [made, {"type": "null"}]}
        kinds = made.get("type")
        if raw.get("nullable") is True and isinstance(kinds, str):  # 3.0.3: beside a `type` alone
            return {**made, "type": [kinds, "null"]}
        return made
