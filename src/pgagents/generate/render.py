"""Render a target's view to a document. The only module that uses Jinja, except for a report's HTML page.

A template's values are texts of somebody else, and each language has its own way to hold them as data. So a
file's suffix decides how a bare `{{ value }}` is written, and which filters there are (`_LANGUAGES`). Only
`raw` writes a text as it is, such as code that a target's module has made.

A JSON document is parsed strictly and written canonically, so layout never matters.

With tracing, the `json` filter writes a mark before every text, and into every mapping, that has an origin.
The marks are removed after parsing. So the origin of each member is found without code for any target.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from pgagents.base import writing
from pgagents.base.errors import PgagentsError
from pgagents.base.places import Node, Pointer, Text
from pgagents.base.registry import folder
from pgagents.base.writing import to_json, to_yaml
from pgagents.generate.target import BoundTarget

if TYPE_CHECKING:
    from jinja2 import Environment

_MARK = "\0"
_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
DOCUMENT_SUFFIXES = (".json", ".yaml")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A generated file: its target, its path in the output folder, its bytes."""

    target: str
    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered document. `data` is None for a text document; `origins` is empty without tracing.

    `several` has the text of each file by path, if the target's path has `*`.
    """

    made: BoundTarget
    text: str
    data: Any = None
    origins: Mapping[Pointer, Pointer] = field(default_factory=dict)
    several: Mapping[str, str] = field(default_factory=dict)

    def artifacts(self) -> tuple[Artifact, ...]:
        """Return the target's files, each encoded as its suffix demands."""
        return tuple(Artifact(self.made.id, path, self.body(path)) for path in self.made.paths)

    def body(self, path: str) -> bytes:
        """Return the bytes of the file at one of the target's paths."""
        if path in self.made.view.assets:
            return self.made.view.assets[path]
        if path in self.several:
            return self.several[path].encode()
        if path.endswith(".json"):
            return to_json(self.data)
        return to_yaml(self.data) if path.endswith(".yaml") else self.text.encode()


_MISTAKES = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What an expression of a template may raise, beside Jinja's own errors."""


class Laid(str):
    """Text that is safe to write into the output unchanged."""

    __slots__ = ()


class Renderer:
    """Render any number of targets. Files in the folder `templates` replace the shipped ones."""

    def __init__(self, templates: Path | None = None, *, traced: bool = False) -> None:
        self._marks: list[Pointer] = []
        self._traced = traced
        self._marking = traced
        self._templates = templates
        self._environments: dict[str, Environment] = {}

    def render(self, made: BoundTarget) -> Rendered:
        """Render a view. Raises PgagentsError if the template fails or writes invalid JSON."""
        from jinja2 import TemplateError, TemplateNotFound

        own, shared = f"{made.id}.j2", getattr(made.target, "template", None)
        name = own
        self._marking = self._traced and made.target.outputs[0].endswith(DOCUMENT_SUFFIXES)
        several: dict[str, str] = {}
        try:
            environment = self._find_environment(made.target.outputs[0])
            template = environment.select_template([own, f"{shared}.j2"] if shared else [own])
            name = template.name or own
            if made.view.several:
                each = zip(made.paths, made.view.several.values(), strict=True)
                several = {path: template.render(context) for path, context in each}
            text = "" if "*" in made.target.outputs[0] else template.render(made.view.context)
        except TemplateNotFound as error:
            raise PgagentsError(
                f"there is no template {error.name}",
                "each target has templates/<vendor>/<artefact>.j2, or names a shared one",
            ) from None
        except TemplateError as error:
            raise _template_error(name, error) from None
        except _MISTAKES as error:
            if self._templates is None:
                raise
            raise _template_error(name, error) from None
        if not made.target.outputs[0].endswith(DOCUMENT_SUFFIXES):
            return Rendered(made, text, several=several)
        data = _read(text, name)
        if not self._traced:
            return Rendered(made, text, data)
        origins: dict[Pointer, Pointer] = {}
        return Rendered(made, text, self._remove_marks(data, (), origins), origins)

    def _find_environment(self, path: str) -> Environment:
        suffix = PurePath(path).suffix
        if suffix not in self._environments:
            self._environments[suffix] = _environment(self._templates, path, self._json)
        return self._environments[suffix]

    def _json(self, value: Any) -> Laid:
        """The `json` filter: serialize any value of the model as JSON."""
        marked = self._add_marks(value) if self._marking else value
        try:
            return Laid(writing.quoted_text(_COMPACT.encode(marked)))
        except (TypeError, ValueError) as error:
            from jinja2 import TemplateRuntimeError

            raise TemplateRuntimeError(f"this cannot be said in JSON: {error}") from None

    def _add_marks(self, value: Any) -> Any:
        if isinstance(value, str):
            if isinstance(value, Text):
                return self._mark(value.origin) + value
            return f"{_MARK}{_MARK}{value}" if value.startswith(_MARK) else value
        if isinstance(value, Mapping):
            members = {self._add_marks(k): self._add_marks(v) for k, v in value.items()}
            return {_MARK: self._mark(value.origin), **members} if isinstance(value, Node) else members
        if isinstance(value, list | tuple):
            return [self._add_marks(v) for v in value]
        return value

    def _mark(self, origin: Pointer) -> str:
        self._marks.append(origin)
        return f"{_MARK}{len(self._marks) - 1}{_MARK}"

    def _remove_marks(self, value: Any, pointer: Pointer, origins: dict[Pointer, Pointer]) -> Any:
        """Return the value without marks, and record their origins in `origins`."""
        if isinstance(value, str):
            text, origin = self._without_mark(value)
            if origin is not None:
                origins[pointer] = origin
            return text
        if isinstance(value, list):
            return [self._remove_marks(v, (*pointer, i), origins) for i, v in enumerate(value)]
        if not isinstance(value, dict):
            return value
        plain = {}
        for key, member in value.items():
            if key == _MARK:
                origins[pointer] = self._without_mark(member)[1] or ()
                continue
            name, origin = self._without_mark(key)
            plain[name] = self._remove_marks(member, (*pointer, name), origins)
            if origin is not None:
                origins.setdefault((*pointer, name), origin)
        return plain

    def _without_mark(self, text: str) -> tuple[str, Pointer | None]:
        if not text.startswith(_MARK):
            return text, None
        number, _, rest = text[1:].partition(_MARK)
        return rest, self._marks[int(number)] if number else None


def _environment(templates: Path | None, path: str, as_json: Callable[[Any], Laid]) -> Environment:
    """Return Jinja's environment for files of one language, by the path of a file."""
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from pgagents.generate.template_cache import find_bytecode_cache

    shared = {"json": as_json, "raw": _raw}
    usual, further = _LANGUAGES.get(PurePath(path).suffix, _LANGUAGES[""])
    filters = {**shared, **{name: _lay(write) for name, write in further.items()}}
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([*([templates] if templates else []), folder("templates")]),
        undefined=StrictUndefined,
        finalize=_make_finalizer(filters[usual]),
        autoescape=False,  # it knows HTML alone; `finalize` writes bare values in the file's own language
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=find_bytecode_cache(folder("templates")),
    )
    environment.filters.update({name: _require_defined(filter) for name, filter in filters.items()})
    return environment


def _require_defined(filter: Callable[[Any], Laid]) -> Callable[[Any], Laid]:
    """Wrap a filter so that an undefined value raises an error with its name."""
    # imported once for each filter, because a template calls it for thousands of values
    from jinja2 import Undefined

    def filter_value(value: Any) -> Laid:
        return (
            filter(str(value)) if isinstance(value, Undefined) else filter(value)
        )  # a strict Undefined raises when converted

    return filter_value


def _make_finalizer(usual: Callable[[Any], Laid]) -> Callable[[Any], Any]:
    """Return the function that writes values which no filter has written."""
    from jinja2 import Undefined

    def finalize(value: Any) -> Any:
        return value if isinstance(value, Laid | Undefined) else usual(value)

    return finalize


def _lay(write: Callable[[Any], str]) -> Callable[[Any], Laid]:
    return lambda value: Laid(write(value))


def _raw(value: Any) -> Laid:
    """Write a text of the template or of a target's module, which holds no value that it has not escaped."""
    return Laid(str(value))


def _python(value: Any) -> str:
    from pgagents.base.places import plain

    return writing.python_literal(plain(value))


def _data(value: Any) -> str:
    from pgagents.base.places import plain

    return writing.script_data(plain(value))


def _inline(value: Any) -> str:
    """Return a style or script of the template, refused if it would end its element."""
    from jinja2 import TemplateRuntimeError

    if re.search(r"</|<!--|\r|\x00", str(value)):
        raise TemplateRuntimeError(
            "a style or script inside HTML cannot contain `</`, `<!--` or a carriage return"
        )
    return str(value)


def _sha256(value: Any) -> str:
    """Return the hash of a style or script in the form of a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(str(value).encode()).digest()).decode()}'"


def _document(value: Any) -> str:
    """Return a YAML document without its last line break."""
    from pgagents.base.places import plain

    return to_yaml(plain(value)).decode().rstrip("\n")


_JSON = ("json", dict[str, Callable[[Any], str]]())
_MARKDOWN = {
    "md": writing.markdown_line,
    "code": writing.markdown_code,
    "url": writing.markdown_address,
    "yaml": writing.yaml_scalar,
}
_LANGUAGES: Mapping[str, tuple[str, Mapping[str, Callable[[Any], str]]]] = {
    ".json": _JSON,
    ".yaml": _JSON,
    ".md": ("md", _MARKDOWN),
    ".txt": ("md", _MARKDOWN),
    ".html": (
        "html",
        {
            "html": writing.html_text,
            "data": _data,
            "js": writing.script_template,
            "inline": _inline,
            "sha256": _sha256,
        },
    ),
    ".yml": ("document", {"document": _document}),
    ".js": ("data", {"data": _data}),
    ".py": ("quoted", {"quoted": writing.python_quoted, "py": _python}),
    "": ("line", {"line": writing.plain_line}),
}
"""The language of a file by its suffix: the filter of a bare value, and all filters.

`json` and `raw` are filters of each. A `.txt` is Markdown, as llms.txt is.
"""


class _Twice(ValueError):
    """An object has two members of the same name."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _read(text: str, name: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_members, parse_constant=_constant)
    except json.JSONDecodeError as error:
        line = text.splitlines()[error.lineno - 1 : error.lineno] or [""]
        shown = line[0][max(0, error.colno - 30) : error.colno + 30].strip()
        raise PgagentsError(
            f"template {name} does not write JSON: {error.msg} near `{shown}` (line {error.lineno} of "
            "its output)"
        ) from None
    except _Twice as error:
        raise PgagentsError(f"template {name} writes the member `{error}` twice in one object") from None
    except ValueError as error:
        raise PgagentsError(f"template {name} does not write JSON: {error}") from None


def _template_error(name: str, error: Exception) -> PgagentsError:
    """Convert Jinja's error to ours, with the template's line.

    If the error has no line, the traceback has it.
    """
    line = getattr(error, "lineno", None)
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename.endswith(".j2"):
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    where = f"{getattr(error, 'name', None) or name}:{line}" if line else name
    why = "it asks for more memory than there is" if isinstance(error, MemoryError) else error
    return PgagentsError(f"template {where}: {why}")
