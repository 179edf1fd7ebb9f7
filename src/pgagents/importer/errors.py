"""Convert error responses into the catalogue's codes and envelope, and assign codes to actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pgagents.base.http import media_type_of
from pgagents.base.text import brief
from pgagents.importer.names import Notes, is_name, one_line, snake, unique
from pgagents.importer.operations import JSON, Answer, ImportedAction, is_json
from pgagents.importer.schemas import Schemas

RANGES = {
    "4XX": (400, 401, 403, 404, 409, 422, 429),
    "5XX": (500, 503),
    "DEFAULT": (400, 401, 403, 404, 409, 422, 429, 500),
}
ANY_ERROR = "AnyError"
MOST_MEANINGS = 3
"""A code that means more things than these has no meaning, as a list of them says nothing of one action."""
INVALID, UNPROCESSABLE, CRASHED = 400, 422, 500


class Errors:
    """Collect the error responses of all actions, then derive the codes."""

    def __init__(self, schemas: Schemas, notes: Notes, every: Sequence[ImportedAction]) -> None:
        self.schemas, self.notes, self.all = schemas, notes, tuple(every)
        self.answers: list[tuple[ImportedAction, int, Answer]] = []
        self.codes: dict[str, dict[str, Any]] = {}
        self.envelopes: Counter[str] = Counter()
        self.used: dict[str, list[str]] = {}
        self.ranged: set[str] = set()
        self.said: set[str] = set()
        """The codes of which an answer names the status, or a range of it."""
        self.edge: dict[int, bool] = {}
        self.known: dict[tuple[int, str, str | int, str], str] = {}
        self.places = CodePlaces(schemas)
        self.media: Counter[str] = Counter()
        self.spread: dict[Path, list[str | int]] = {}
        """The codes that no status has for itself, by their place in the body.

        Errors of several statuses share the enum that lists them.
        """
        self.valueless: set[str] = set()
        """The names of codes that only the status of an answer identifies."""
        self.meanings: dict[str, dict[str, None]] = {}
        """By code, what the answers that have it say it means, each once."""

    def take(self, made: ImportedAction) -> None:
        """Record the error responses of an action."""
        named = {int(a.status) for a in made.operation.answers if a.status.isdecimal() and len(a.status) == 3}
        for answer in made.operation.answers:
            status = answer.status.upper()
            if status.isdecimal():
                if 400 <= int(status) < 600:
                    self.answers.append((made, int(status), answer))
            elif status in RANGES and not (status == "DEFAULT" and not any(100 <= s < 400 for s in named)):
                self.ranged.add(answer.status)
                self.answers.extend((made, s, answer) for s in RANGES[status] if s not in named)

    def section(self) -> dict[str, Any]:
        """Return the catalogue's `errors`, after writing each action's own codes into the action."""
        bodies = [(made, status, answer, self._body(made, answer)) for made, status, answer in self.answers]
        self.edge = self._edge(bodies)
        bodies = [one for one in bodies if one[1] not in self.edge]
        place = self.places.find_common([(status, body) for _, status, _, body in bodies])
        own = [place] * len(bodies)
        if place is None and (found := self.places.find_most_common([one[3] for one in bodies])) is not None:
            place, own = found
        self.spread = self._find_spread([(status, body) for _, status, _, body in bodies], own)
        for (made, status, answer, body), here in zip(bodies, own, strict=True):
            apart = here if here != place else None
            names = [
                self._code(status, answer, envelope, code, made.name, apart)
                for envelope, code in self._codes(body, here)
            ]
            self.used.setdefault(made.name, []).extend(names)
            self.said.update(names if answer.status.upper() != "DEFAULT" else ())
        self._unite_meanings()
        if self.spread and self.valueless >= self.codes.keys():
            place = None
        return self._section(place)

    def _unite_meanings(self) -> None:
        """Give each code that means several things a meaning, and a name, that is true of all of them."""
        for name, said in list(self.meanings.items()):
            several = [one for one in said if one]
            if len(said) < 2:
                continue
            code = {key: value for key, value in self.codes[name].items() if key != "meaning"}
            united = ", or: ".join(several)
            meant = {"meaning": united} if len(several) <= MOST_MEANINGS and len(united) <= 200 else {}
            usual = name_code(code["status"], "")
            own = name if name not in self.valueless or name == usual else unique(usual, self.codes)
            united_code = {"status": code["status"], **meant, **code}
            self.codes = {
                own if n == name else n: united_code if n == name else c for n, c in self.codes.items()
            }
            if own == name:
                continue
            self.valueless = self.valueless - {name} | {own}
            self.said = {own if one == name else one for one in self.said}
            self.used = {
                action: [own if one == name else one for one in names] for action, names in self.used.items()
            }

    def _find_spread(
        self, bodies: Sequence[tuple[int, dict[str, Any] | None]], own: Sequence[Path | None]
    ) -> dict[Path, list[str | int]]:
        """Return the codes of enums that bodies of several statuses share, by their place in the body."""
        statuses: dict[tuple[Path, tuple[str | int, ...]], set[int]] = {}
        for (status, body), place in zip(bodies, own, strict=True):
            codes = dict(self.places.list_codes(body or {})).get(place, []) if place else []
            if place and len(set(codes)) > 1:
                statuses.setdefault((place, tuple(dict.fromkeys(codes))), set()).add(status)
        spread: dict[Path, list[str | int]] = {}
        for (at, shared), several in statuses.items():
            if len(several) > 1:
                spread.setdefault(at, []).extend(shared)
        return spread

    def _body(self, made: ImportedAction, answer: Answer) -> dict[str, Any] | None:
        """Return the error's schema in the catalogue's form, or None if no JSON is described."""
        if answer.schema is None or not is_json(answer.media):
            return None
        return self.schemas.convert(answer.schema, ("actions", made.name, "errors"))

    def _edge(
        self, bodies: list[tuple[ImportedAction, int, Answer, dict[str, Any] | None]]
    ) -> dict[int, bool]:
        """Return the statuses that a proxy in front of the API sends, each with True if it has Retry-After.

        These are 502 to 504, if every operation has them without a body.
        """
        found: dict[int, bool] = {}
        for status in sorted({status for _, status, *_ in bodies} & {502, 503, 504}):
            of = [(made, answer, body) for made, at, answer, body in bodies if at == status]
            if all(body is None for *_, body in of) and len({made.name for made, *_ in of}) == len(self.all):
                found[status] = any(
                    h.lower() == "retry-after"
                    for _, answer, _ in of
                    for h in answer.whole.at("headers").members()
                )
        return found

    def _codes(self, body: dict[str, Any] | None, place: Path | None) -> Iterator[tuple[str, str | int]]:
        """Yield envelope and code for each code of a response. The code is empty if bodies have none."""
        if body is None:
            yield self._any(), ""
            return
        branches = body["anyOf"] if place and set(body) == {"anyOf"} else [body]
        for branch in branches:
            found = dict(self.places.list_codes(branch)).get(place) if place else None
            envelope = self._envelope(branch, narrowed=bool(found))
            alike = self.spread.get(place, []) if place else []
            for code in dict.fromkeys("" if code in alike else code for code in found or [""]):
                yield envelope, code

    def _envelope(self, body: dict[str, Any], *, narrowed: bool) -> str:
        parts = body.get("allOf") or ()
        named = [p["$ref"] for p in parts if set(p) == {"$ref"}]
        if "$ref" in body:
            name = str(body["$ref"])
        elif narrowed and len(named) == 1 and len(parts) == 2:
            name = str(named[0])
        else:
            name = self.schemas.give(
                "Error", {k: v for k, v in body.items() if k != "description"} or {"description": "Any body"}
            )
        self.envelopes[name] += 1
        return name

    def _any(self) -> str:
        name = self.schemas.give(
            ANY_ERROR, {"description": "An error's body, which the document does not describe"}
        )
        self.envelopes[name] += 1
        return name

    def _code(
        self,
        status: int,
        answer: Answer,
        envelope: str,
        code: str | int,
        action: str,
        apart: Path | None = None,
    ) -> str:
        """Return the name of a code, which is created at its first use.

        `apart` is the code's place, if it differs from the common one.
        """
        meaning, media = read_meaning(answer.description, str(code)), _media_of(answer)
        key = (status, envelope, code, media)
        if key in self.known:
            self.meanings[self.known[key]].setdefault(meaning)
            return self.known[key]
        if twin := self._find_twin(status, code, apart):
            self.known[key] = twin
            self.meanings[twin].setdefault(meaning)
            bodies = sorted({self.codes[twin]["envelope"], envelope})
            either = {"anyOf": [{"$ref": name} for name in bodies]}
            self.codes[twin]["envelope"] = self.schemas.give("ErrorBody", either) if bodies[1:] else envelope
            return twin
        wish = code if isinstance(code, str) and is_name(code) else name_code(status, code)
        name = unique(self._distinct(wish, envelope, meaning, action), self.codes)
        self.codes[name] = {
            "status": status,
            **({"meaning": meaning} if meaning else {}),
            **({"wire": code} if code != "" and code != name else {}),
            "envelope": envelope,
            "content_type": media,
            **({"code_at": ".".join(apart)} if apart and code != "" else {}),
            **({"message_at": self.places.find_message(envelope)} if apart else {}),
        }
        if code == "":
            self.valueless.add(name)
        self.media[media] += 1
        self.known[key] = name
        self.meanings[name] = {meaning: None}
        return name

    def _find_twin(self, status: int, code: str | int, apart: Path | None) -> str:
        """Return the name of the same value with the same status in another body; empty if there is none.

        Nobody could tell the two codes from each other.
        """
        place = ".".join(apart) if apart else None
        for name, known in self.codes.items():
            same = known["status"] == status and known.get("wire", name) == code
            if same and code != "" and known.get("code_at") == place:
                return name
        return ""

    def _distinct(self, wish: str, envelope: str, meaning: str, action: str) -> str:
        """Return a free name for a code: `wish`, extended if another code has that name.

        The extension is the body, the meaning or the action in which the codes differ.
        """
        if wish not in self.codes:
            return wish
        other = self.codes[wish]
        if other["envelope"] != envelope and envelope in self.schemas.by_place.values():
            return f"{wish}_{snake(envelope).upper()}"[:60]
        return extend_name(wish, meaning, action)

    def _section(self, place: Path | None) -> dict[str, Any]:
        if not self.codes:
            self._code(400, _NO_ANSWER, self._any(), "", "")
            self.notes.decide(
                ("errors",), "the document describes no errors: what does the API answer, and in which body?"
            )
        common = self.envelopes.most_common(1)[0][0]
        made: dict[str, Any] = {"envelope": self._choose_envelope(common, place)}
        self._ask_about_ranges()
        media = self.media.most_common(1)[0][0]
        if media != JSON:
            made["content_type"] = media
        made["code_at"] = ".".join(place) if place else None
        if self.spread:
            alike = ", ".join(dict.fromkeys(str(code) for codes in self.spread.values() for code in codes))
            self.notes.decide(
                ("errors", "codes"),
                f"the document lists {brief(alike, 100)} for errors of several statuses alike: which status "
                "has which code? Without that, an error is known by its status alone",
            )
        elif not place:
            self.notes.decide(
                ("errors", "code_at"),
                "where does an error's body have its code? null: nowhere, only the status differs",
            )
        made["message_at"] = self.places.find_message(common)
        if place:
            for name in self.valueless:
                self.codes[name]["code_at"] = None
        documented = set(self.codes)
        framework = self._framework()
        for name in self.codes.keys() - documented:
            if place and self.places.is_listed(common, place):
                self.codes[name]["code_at"] = None  # only the status identifies the code
        made["always"] = self._always()
        made["codes"] = {
            name: _short(code, {"envelope": made["envelope"], "content_type": media})
            for name, code in self.codes.items()
        }
        if self.edge:
            made["edge"] = [
                {"status": status} if retry else {"status": status, "retry": False}
                for status, retry in self.edge.items()
            ]
        made["inferred"] = True
        self.notes.infer(("errors", "inferred"), "from the statuses of the operations' errors")
        made["framework"] = framework | self._crashed()
        self.notes.decide(
            ("errors", "framework"),
            "who answers an unknown path, a wrong method, bad JSON? the document does not say",
        )
        return made

    def _choose_envelope(self, common: str, place: Path | None) -> str:
        """Return the envelope of all errors: the commonest, or one for all forms."""
        distinct = {code["envelope"] for code in self.codes.values()}
        return common if place or len(distinct) == 1 else self._either(distinct)

    def _ask_about_ranges(self) -> None:
        if self.ranged:
            said = ", ".join(sorted(self.ranged))
            self.notes.decide(
                ("errors", "codes"),
                f"the document says {said} for errors; which of these codes can really come?",
            )

    def _framework(self) -> dict[str, str]:
        """Return the codes that refuse a call before an action sees it, except that of a crash."""
        uses = Counter(self.codes[name]["status"] for names in self.used.values() for name in set(names))
        # a 400 may refuse what is not even a body, so of two as common it is 422 that refuses a value
        common = (
            (UNPROCESSABLE, INVALID) if uses[UNPROCESSABLE] >= uses[INVALID] else (INVALID, UNPROCESSABLE)
        )
        codes = {"invalid": self._find_or_make(common, "INVALID", INVALID)}
        if any(made.action.get("security") != [] for made in self.all):
            codes["no_key"] = self._find_or_make((401,), "NO_KEY", 401)
        return codes

    def _crashed(self) -> dict[str, str]:
        """Return the code of a crash: a 500 that only `default` stands for, which documents no 500."""
        names = [name for name, code in self.codes.items() if code["status"] == CRASHED]
        unsaid = [name for name in names if name not in self.said]
        if not unsaid:
            return {}
        self.notes.infer(("errors", "framework", "crashed"), "from `default`, which names no status")
        return {"crashed": unsaid[0]}

    def _either(self, names: Iterable[str]) -> str:
        """Return an envelope that allows each of several forms."""
        self.notes.decide(
            ("errors", "envelope"),
            "errors come in several forms here, and their bodies have no code that shows which",
        )
        return self.schemas.give("ErrorBody", {"anyOf": [{"$ref": name} for name in sorted(names)]})

    def _find_or_make(self, statuses: tuple[int, ...], name: str, status: int) -> str:
        """Return the code with the first of these statuses that the document has; otherwise a new one."""
        for wanted in statuses:
            for known, code in self.codes.items():
                if code["status"] == wanted:
                    return known
        made = unique(name, self.codes)
        envelope = self.envelopes.most_common(1)[0][0]
        media = self.media.most_common(1)[0][0]
        self.codes[made] = {"status": status, "envelope": envelope, "content_type": media, "only": []}
        self.notes.decide(
            ("errors", "codes", made),
            f"the document has no {status}, but a catalogue must say what refuses such a call",
        )
        return made

    def _always(self) -> list[str]:
        """Return the codes that every action has. Other codes are listed at their actions."""
        actions = list({made.name: made for made, *_ in self.answers}.values())
        every = [set(self.used.get(made.name, ())) for made in self.all]
        always = (
            [c for c in self.codes if every and all(c in names for names in every)]
            if len(self.all) > 1
            else []
        )
        for made in actions:
            own = list(dict.fromkeys(c for c in self.used.get(made.name, ()) if c not in always))
            if own:
                made.action["errors"] = own
        return always


def _short(code: dict[str, Any], common: dict[str, str]) -> Any:
    """Return the code without the members that all codes share; just the status if nothing else is left."""
    kept = {k: v for k, v in code.items() if k not in common or common[k] != v}
    return kept["status"] if set(kept) == {"status"} else kept


def _media_of(answer: Answer) -> str:
    """Return the media type of an error: JSON, unless its described body has another JSON type."""
    if answer.schema is None or not is_json(answer.media):
        return JSON
    media = media_type_of(answer.media)
    return media if media.endswith("+json") and " " not in media else JSON


class _NoAnswer:
    description = ""
    schema = None
    media = ""


_NO_ANSWER: Any = _NoAnswer()


# -- names of codes


NAMES = {
    400: "BAD_REQUEST", 401: "UNAUTHORIZED", 402: "PAYMENT_REQUIRED", 403: "FORBIDDEN", 404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE", 408: "TIMEOUT", 409: "CONFLICT", 410: "GONE", 412: "PRECONDITION_FAILED",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_TYPE", 422: "UNPROCESSABLE", 423: "LOCKED", 428: "PRECONDITION_REQUIRED",
    429: "RATE_LIMITED",
    451: "LEGAL_REASONS", 500: "INTERNAL", 501: "NOT_IMPLEMENTED", 502: "BAD_GATEWAY", 503: "UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}  # fmt: skip
_FILLING = frozenset(
    ("a", "an", "the", "is", "was", "are", "of", "to", "be", "this", "that", "in", "on", "for")
)


def name_code(status: int, code: str | int) -> str:
    """Return a name for a code whose value is missing or is not a valid name."""
    words = snake(str(code).rpartition("/")[2]).upper() if isinstance(code, str) and code else ""
    usual = NAMES.get(status, f"STATUS_{status}")
    return (
        words
        if words and is_name(words)
        else f"{usual}_{code}".replace("-", "MINUS_")
        if code != ""
        else usual
    )


def read_meaning(description: str, code: str) -> str:
    """Return the description of one code: the part after `CODE:`, or the response's whole description."""
    text = one_line(description, 1000)
    if not code or f"{code}:" not in text:
        return text if not code or ":" not in text else ""
    after = text.partition(f"{code}:")[2]
    words = after.split()
    end = next(
        (
            n
            for n, word in enumerate(words)
            if n and word.endswith(":") and word[:-1].isupper() and is_name(word[:-1])
        ),
        len(words),
    )
    return " ".join(words[:end]).strip()


def extend_name(wish: str, meaning: str, action: str) -> str:
    """Return a code's name with words of its meaning, or with its action, to tell it from another code."""
    words = (
        [
            w.upper()
            for w in snake(meaning).split("_")
            if w not in _FILLING and w.upper() not in wish.split("_")
        ]
        if meaning
        else []
    )
    return "_".join([wish, *(words[:4] or ["OF", action.upper()])])[:60]


# -- members that hold the code


Path = tuple[str, ...]

MAX_DEPTH = 8
MAX_STEPS = 200_000
_CODE_MEMBERS = ("code", "kind", "type", "error", "error_code", "errorCode")
"""Members that may hold a code of any form. In other members only a text that could be a name is a code."""


class CodePlaces:
    """Finds the places of codes and messages in the schemas of error bodies."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.steps = 0

    def find_common(self, bodies: Sequence[tuple[int, dict[str, Any] | None]]) -> Path | None:
        """Return the path of the enumerated code in all error bodies, each given with its status.

        None if some body has no such code, or if a code has several statuses.
        """
        known = [dict(self.list_codes(body)) for _, body in bodies if body is not None]
        if not known or len(known) != len(bodies):
            return None
        places = set(known[0]).intersection(*known[1:])
        for place in sorted(places, key=lambda p: (p[-1] not in _CODE_MEMBERS, len(p), p)):
            status_of: dict[str | int, int] = {}
            pairs = [
                (code, status)
                for (status, _), enums in zip(bodies, known, strict=True)
                for code in enums[place]
            ]
            named = place[-1] in _CODE_MEMBERS or all(isinstance(c, str) and is_name(c) for c, _ in pairs)
            if named and all(status_of.setdefault(code, status) == status for code, status in pairs):
                return place
        return None

    def find_most_common(self, bodies: list[dict[str, Any] | None]) -> tuple[Path, list[Path | None]] | None:
        """Return the place that holds the code in most bodies, and the code's place in each body.

        Return None if a body has no enumerated code, or if no place occurs in most bodies.
        """
        own: list[Path | None] = []
        known = [dict(self.list_codes(body or {})) for body in bodies]
        for enums in known:
            # one value of all errors tells none from another, as Anthropic's `{type: error, error: {…}}`
            places = [
                place
                for place, codes in enums.items()
                if place[-1] in _CODE_MEMBERS and any(set(one.get(place, ())) != {codes[0]} for one in known)
            ]
            own.append(min(places, key=lambda p: (len(p), p), default=None))
        (place, count), *_ = Counter(own).most_common(1) or [(None, 0)]
        return (place, own) if place is not None and None not in own and 2 * count > len(own) else None

    def list_codes(
        self, schema: dict[str, Any], at: Path = (), depth: int = 0, seen: frozenset[str] = frozenset()
    ) -> Iterator[tuple[Path, list[str | int]]]:
        """Yield the path and values of every member whose value is an enumerated text or integer."""
        self.steps += 1
        if depth > MAX_DEPTH or not isinstance(schema, dict) or self.steps > MAX_STEPS:
            return
        values = [schema["const"]] if "const" in schema else schema.get("enum")
        if (
            at
            and isinstance(values, list)
            and values
            and all(type(v) in (str, int) and v != "" for v in values)
        ):
            yield at, values
        for name, member in (schema.get("properties") or {}).items():
            yield from self.list_codes(member, (*at, name), depth + 1, seen)
        ref = schema.get("$ref")
        if isinstance(ref, str) and ref not in seen:
            while self.schemas.pending and not self.schemas.named.get(ref):
                name, found = self.schemas.pending.popleft()
                self.schemas.named[name] = self.schemas.convert(found, ("schemas", name))
            yield from self.list_codes(self.schemas.named.get(ref, {}), at, depth + 1, seen | {ref})
        for branch in schema.get("allOf") or ():
            yield from self.list_codes(branch, at, depth + 1, seen)
        merged: dict[Path, list[str | int]] = {}
        for branch in [*(schema.get("anyOf") or ()), *(schema.get("oneOf") or ())]:
            for place, texts in self.list_codes(branch, at, depth + 1, seen):
                merged.setdefault(place, []).extend(texts)
        yield from merged.items()

    def is_listed(self, envelope: str, place: Path) -> bool:
        """Return whether the schema of error bodies lists the codes allowed at this place."""
        return any(found == place for found, _ in self.list_codes({"$ref": envelope}))

    def find_message(self, envelope: str) -> str | None:
        """Return the dotted path of the message in the bodies of a named schema; None if there is none."""
        schema = self.schemas.named.get(envelope, {})
        for place in (
            ("error", "message"),
            ("message",),
            ("detail",),
            ("error_description",),
            ("title",),
            ("msg",),
        ):
            inner: Any = schema
            for step in place:
                inner = (inner.get("properties") or {}).get(step) if isinstance(inner, dict) else None
            if isinstance(inner, dict) and inner.get("type") == "string":
                return ".".join(place)
        return None
