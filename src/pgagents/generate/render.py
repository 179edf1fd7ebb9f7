"""A target and a model to a document. The only module that knows Jinja, but for the one page of a report.

A template writes JSON; every value goes through the `json` filter, which no template can forget: a bare `{{ value }}`
is refused. What a template wrote is read back strictly and written canonically, so layout never matters. Files that
are neither JSON nor YAML are text: their values go through `py` (a Python literal), `quoted` (inside a Python text),
`md` (a line of Markdown), `code` (a code span of Markdown), `html` (text or a quoted attribute of HTML), `data` (JSON
inside a script element) or `inline` (a part of the template that is a style or script itself; `sha256` is its hash).

When asked to trace, the `json` filter leaves a mark before every text and in every mapping that remembers its origin,
and the marks are taken out again after the JSON is read: so the origin of each member is known without one line about
any target.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgagents.errors import PgagentsError
from pgagents.generate.target import BoundTarget
from pgagents.resources import folder
from pgagents.source.dump import to_json, to_yaml
from pgagents.source.origin import Node, Text
from pgagents.source.source import Pointer

if TYPE_CHECKING:
    from jinja2 import Environment

_MARK = "\0"
DOCUMENT_SUFFIXES = (".json", ".yaml")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A generated file: whose it is, where it goes in the output folder, its bytes."""

    target: str
    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document made for a model. `data` is None where it is text; `origins` are known only when traced."""

    made: BoundTarget
    text: str
    data: Any = None
    origins: Mapping[Pointer, Pointer] = field(default_factory=dict)

    def artifacts(self) -> tuple[Artifact, ...]:
        """The files, each in the form that its name says."""
        return tuple(Artifact(self.made.id, path, self.body(path)) for path in self.made.target.outputs)

    def body(self, path: str) -> bytes:
        """The bytes of the file at one of the target's paths."""
        if path.endswith(".json"):
            return to_json(self.data)
        return to_yaml(self.data) if path.endswith(".yaml") else self.text.encode()


class Laid(str):
    """Text that may stand in the output as it is."""

    __slots__ = ()


class Renderer:
    """Renders any number of targets; `templates` is a folder whose files replace the shipped ones."""

    def __init__(self, templates: Path | None = None, *, traced: bool = False) -> None:
        self._marks: list[Pointer] = []
        self._traced = traced
        self._environment = _environment(templates, self._json)

    def render(self, made: BoundTarget) -> Rendered:
        """Lay out a view. Raises PgagentsError where the template does not give what it should."""
        from jinja2 import TemplateError, TemplateNotFound

        name = f"{made.id}.j2"
        try:
            text = self._environment.get_template(name).render(made.view.context)
        except TemplateNotFound as error:
            raise PgagentsError(f"there is no template {error.name}", "each target has templates/<vendor>/<artefact>.j2") from None
        except TemplateError as error:
            raise _template_error(name, error) from None
        if not made.target.outputs[0].endswith(DOCUMENT_SUFFIXES):
            return Rendered(made, text)
        data = _read(text, name)
        if not self._traced:
            return Rendered(made, text, data)
        origins: dict[Pointer, Pointer] = {}
        return Rendered(made, text, self._unmarked(data, (), origins), origins)

    def _json(self, value: Any) -> Laid:
        """The `json` filter: any value of the model as JSON."""
        from jinja2 import TemplateRuntimeError

        marked = self._marked(value) if self._traced else value
        try:
            return Laid(json.dumps(marked, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
        except (TypeError, ValueError) as error:
            raise TemplateRuntimeError(f"this cannot be said in JSON: {error}") from None

    def _marked(self, value: Any) -> Any:
        if isinstance(value, str):
            if isinstance(value, Text):
                return self._mark(value.origin) + value
            return f"{_MARK}{_MARK}{value}" if value.startswith(_MARK) else value
        if isinstance(value, Mapping):
            members = {self._marked(k): self._marked(v) for k, v in value.items()}
            return {_MARK: self._mark(value.origin), **members} if isinstance(value, Node) else members
        if isinstance(value, list | tuple):
            return [self._marked(v) for v in value]
        return value

    def _mark(self, origin: Pointer) -> str:
        self._marks.append(origin)
        return f"{_MARK}{len(self._marks) - 1}{_MARK}"

    def _unmarked(self, value: Any, pointer: Pointer, origins: dict[Pointer, Pointer]) -> Any:
        """The value without marks; what they said goes into `origins`."""
        if isinstance(value, str):
            text, origin = self._without_mark(value)
            if origin is not None:
                origins[pointer] = origin
            return text
        if isinstance(value, list):
            return [self._unmarked(v, (*pointer, i), origins) for i, v in enumerate(value)]
        if not isinstance(value, dict):
            return value
        plain = {}
        for key, member in value.items():
            if key == _MARK:
                origins[pointer] = self._without_mark(member)[1] or ()
                continue
            name, origin = self._without_mark(key)
            plain[name] = self._unmarked(member, (*pointer, name), origins)
            if origin is not None:
                origins.setdefault((*pointer, name), origin)
        return plain

    def _without_mark(self, text: str) -> tuple[str, Pointer | None]:
        if not text.startswith(_MARK):
            return text, None
        number, _, rest = text[1:].partition(_MARK)
        return rest, self._marks[int(number)] if number else None


def _environment(templates: Path | None, as_json: Any) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folders = [*([templates] if templates else []), folder("templates")]
    environment = Environment(
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        finalize=_only_laid,
        autoescape=False,  # nothing here is HTML; `finalize` is what keeps values from slipping in raw
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    filters = {
        "json": as_json, "py": _python, "quoted": _quoted, "md": _markdown, "code": _code, "html": _html, "data": _data, "inline": _inline,
        "sha256": _sha256,
    }  # fmt: skip
    environment.filters.update({name: _defined(filter) for name, filter in filters.items()})
    return environment


def _defined(filter: Callable[[Any], Laid]) -> Callable[[Any], Laid]:
    """The filter, refusing what is undefined with the name that is."""

    def checked(value: Any) -> Laid:
        from jinja2 import Undefined

        return filter(str(value)) if isinstance(value, Undefined) else filter(value)  # a strict one raises when it is read

    return checked


def _only_laid(value: Any) -> Any:
    from jinja2 import TemplateRuntimeError, Undefined

    if isinstance(value, Laid | Undefined):
        return value
    raise TemplateRuntimeError(f"a bare value stands in the template: {str(value)[:60]!r}; write `{{{{ … | json }}}}`")


def _python(value: Any) -> Laid:
    from pgagents.source.origin import plain

    return Laid(repr(plain(value)))


def _quoted(value: Any) -> Laid:
    """Inside the quotes of a Python text."""
    return Laid(json.dumps(str(value), ensure_ascii=False)[1:-1])


def _markdown(value: Any) -> Laid:
    """One line of Markdown in which no character of the value means anything."""
    line = " ".join(str(value).split())
    return Laid(re.sub(r"[\\`*\[\]<>|#~]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", line))


def _code(value: Any) -> Laid:
    """A code span, also inside a table, where a bar must be escaped."""
    line = " ".join(str(value).split()) or " "
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if "`" in (line[0], line[-1]) else ""
    return Laid(f"{fence}{pad}{line}{pad}{fence}".replace("|", "\\|"))


def _html(value: Any) -> Laid:
    """Text of HTML, also inside the quotes of an attribute. What HTML cannot hold becomes U+FFFD, as a browser reads it."""
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "\ufffd", str(value))
    return Laid(html.escape(text).replace("\r", "&#13;"))


def _data(value: Any) -> Laid:
    """JSON that no HTML parser finds an end in."""
    from pgagents.source.origin import plain

    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Laid(text.replace("<", "\\u003c").replace("\x7f", "\\u007f"))


def _inline(value: Any) -> Laid:
    """A style or a script of the template's own, refused where it would end its element."""
    from jinja2 import TemplateRuntimeError

    if re.search(r"</|<!--|\r|\x00", str(value)):
        raise TemplateRuntimeError("a style or script inside HTML cannot contain `</`, `<!--` or a carriage return")
    return Laid(value)


def _sha256(value: Any) -> Laid:
    """The hash of a style or script, as a Content-Security-Policy names it."""
    return Laid(f"'sha256-{base64.b64encode(hashlib.sha256(str(value).encode()).digest()).decode()}'")


class _Twice(ValueError):
    """An object has two members of one name."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _read(text: str, name: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_members, parse_constant=_constant)
    except json.JSONDecodeError as error:
        line = text.splitlines()[error.lineno - 1 : error.lineno] or [""]
        shown = line[0][max(0, error.colno - 30) : error.colno + 30].strip()
        raise PgagentsError(
            f"template {name} does not write JSON: {error.msg} near `{shown}` (line {error.lineno} of its output)"
        ) from None
    except _Twice as error:
        raise PgagentsError(f"template {name} writes the member `{error}` twice in one object") from None
    except ValueError as error:
        raise PgagentsError(f"template {name} does not write JSON: {error}") from None


def _template_error(name: str, error: Exception) -> PgagentsError:
    """Jinja's error with the template's own line, found in the traceback where the error does not say."""
    line = getattr(error, "lineno", None)
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename.endswith(".j2"):
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    where = f"{getattr(error, 'name', None) or name}:{line}" if line else name
    return PgagentsError(f"template {where}: {error}")
