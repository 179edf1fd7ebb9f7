"""Recognise the kind of a document by its content, and choose its judge.

Plugin manifests are judged here, by the vendor's schema: OpenAI's `ai-plugin.json` v1, Copilot's v2.2 and
v2.4.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import PurePath
from typing import Any

from pgagents.base.errors import Diagnostic
from pgagents.base.places import Source
from pgagents.base.registry import folder
from pgagents.catalogue.load import load_source
from pgagents.catalogue.model.model import Model
from pgagents.lint.document import Judged
from pgagents.lint.facts import requirements
from pgagents.lint.importers.copilot import judge as copilot
from pgagents.lint.packages.package import list_judges as list_package_judges
from pgagents.lint.packages.verdict import judge_source
from pgagents.lint.run import check_surfaces, lint
from pgagents.lint.tools import tool_judge
from pgagents.lint.tools import verdict as tools
from pgagents.lint.tools.tool_judge import list_judges

JUDGES = {
    "catalogue": "all rules, and what `build` says of the documents",
    "gpt-builder": "the GPT builder's import of an OpenAPI document",
    "copilot": "Microsoft 365 Copilot's import of an OpenAPI document",
    "chatgpt-plugin": "the importer of ChatGPT's plugins (2023)",
    **{name: f"{judge.title}: a list of function tools" for name, judge in list_judges().items()},
    "ai-plugin": "OpenAI's plugin manifest v1",
    "copilot-plugin": "Copilot's plugin manifest, v2.2 or v2.4",
    **{name: judge.title for name, judge in list_package_judges().items()},
}
ALIASES = {name.removesuffix("-tools"): name for name in list_judges()}
"""Short names: the vendor's name alone."""


def is_catalogue(data: Any) -> bool:
    """True if the document is an action catalogue."""
    return isinstance(data, dict) and "pgagents" in data


def _lacks_only_its_version(data: Any) -> bool:
    """True if a document has the sections of a catalogue, and not `pgagents: 1`."""
    return isinstance(data, dict) and data.keys() >= {"api", "actions"}


LIKE_OPENAI = {short: name for short, name in ALIASES.items() if list_judges()[name].like_openai}
"""Vendors whose tool lists look like OpenAI's.

A folder with the vendor's name identifies them, as in the output of `build`.
"""


def kind(data: Any, file: str = "") -> str | None:
    """Return the name of the judge for a document, by its content; None if no judge fits.

    If the content fits several judges, the document's folder decides.
    """
    if is_catalogue(data) or _lacks_only_its_version(data):
        return "catalogue"
    if isinstance(data, dict) and ("openapi" in data or "swagger" in data):
        version = data.get("openapi")
        return "copilot" if isinstance(version, str) and version.startswith("3.0") else "gpt-builder"
    found = kind_of_manifest(data) or tool_judge.kind(data)
    return LIKE_OPENAI.get(PurePath(file).parent.name, found) if found == "openai-tools" else found


def judge(source: Source, name: str, only: Sequence[str] = (), today: date | None = None) -> Judged:
    """Judge a document by the judge of this name.

    The GPT builder is missing here, because it also needs the web form's values.
    """
    if name == "copilot":
        return copilot(source)
    if name in list_judges():
        return tools.judge(source, name)
    if name in ("ai-plugin", "copilot-plugin"):
        return judge_manifest(source, name)
    if name in list_package_judges():
        return judge_source(source, name)
    assert name == "catalogue", name
    return catalogue(source, only, today)


def catalogue(source: Source, only: Sequence[str] = (), today: date | None = None) -> Judged:
    """Judge a catalogue by all rules; `today` adds past former names. Raises InputError if it does not
    load.
    """
    return judge_model(load_source(source), only, today)


def judge_model(model: Model, only: Sequence[str], today: date | None) -> Judged:
    """Judge a loaded catalogue; see `catalogue`. Raises InputError for a surface that nothing knows."""
    linted = lint(check_surfaces(model), only, today)
    return Judged(model.source, "catalogue", "the catalogue", linted.found, ignored=len(linted.ignored))


# -- plugin manifests


MOST = 50
_SCHEMAS = {"v1": "openai/ai_plugin", "v2.2": "copilot/ai_plugin", "v2.4": "copilot/ai_plugin_v24"}
_ROWS = {
    "openai/ai_plugin": "openai.plugin-fields",
    "copilot/ai_plugin": "microsoft.manifest-schema",
    "copilot/ai_plugin_v24": "microsoft.manifest-schema",
}
# a text over this limit may be cut; the schema has a higher limit
_CUT = {
    "v1": {
        "name_for_human": (20, "openai.plugin-name-for-human"),
        "description_for_human": (100, "openai.plugin-description-for-human"),
    },
    "v2": {
        "name_for_human": (20, "microsoft.name-for-human"),
        "description_for_human": (100, "microsoft.description-for-human"),
        "description_for_model": (2048, "microsoft.description-for-model"),
    },
}


def kind_of_manifest(data: Any) -> str | None:
    """Return the name of the judge for a manifest, or None for any other document."""
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version == "v1" and "name_for_model" in data:
        return "ai-plugin"
    return "copilot-plugin" if isinstance(version, str) and version.startswith("v2") else None


def judge_manifest(source: Source, name: str) -> Judged:
    """Judge a manifest by its version's schema, or by the nearest version if its own is unknown."""
    data = source.data if isinstance(source.data, dict) else {}
    version = "v1" if name == "ai-plugin" else "v2.4" if data.get("schema_version") == "v2.4" else "v2.2"
    found = tuple(
        dict.fromkeys(
            [
                *_list_schema_errors(source, name, version),
                *_cut(source, name, version[:2], data),
                *_older(source, name, data),
                *_functions(source, name, data),
            ]
        )
    )
    title = "OpenAI plugin manifest" if name == "ai-plugin" else f"Copilot plugin manifest {version}"
    return Judged(source, name, title, found)


def _list_schema_errors(source: Source, name: str, version: str) -> Iterator[Diagnostic]:
    import jsonschema_rs

    schema = _SCHEMAS[version]
    path = folder("schemas") / "vendor" / f"{schema}.schema.json"
    errors = jsonschema_rs.validator_for(json.loads(path.read_bytes())).iter_errors(source.data)
    row = requirements()[_ROWS[schema]]
    for error, _ in zip(errors, range(MOST), strict=False):
        said = " ".join(error.message.split())
        said = said if len(said) <= 200 else f"…{said[-199:]}"
        help = f"schemas/vendor/{schema}.schema.json says what is taken"
        yield Diagnostic(
            source.locate(tuple(error.instance_path)), f"{name}/refused", "error", said, help, (row.cited,)
        )


def _cut(source: Source, name: str, version: str, data: dict[str, Any]) -> Iterator[Diagnostic]:
    for key, (most, id) in _CUT[version].items():
        text = data.get(key)
        if isinstance(text, str) and len(text) > most:
            said = f"`{key}` has {len(text)} characters; what is past {most} may be cut off"
            yield Diagnostic(
                source.locate((key,)),
                f"{name}/{id.partition('.')[2]}",
                "warning",
                said,
                "shorten it",
                (requirements()[id].cited,),
            )


def _older(source: Source, name: str, data: dict[str, Any]) -> Iterator[Diagnostic]:
    """Yield a note about a key from an early sample that strict readers ignore."""
    api = data.get("api")
    if isinstance(api, dict) and "is_user_authenticated" in api and "has_user_authentication" not in api:
        row = requirements()["openai.plugin-user-authentication"]
        said = "`is_user_authenticated` is of an early sample; typed readers expect `has_user_authentication`"
        at = source.locate(("api", "is_user_authenticated"))
        yield Diagnostic(
            at,
            f"{name}/plugin-user-authentication",
            "note",
            said,
            "add the other, if a reader asks for it",
            (row.cited,),
        )


def _functions(source: Source, name: str, data: dict[str, Any]) -> Iterator[Diagnostic]:
    """Yield duplicate function names, and runtimes that serve missing functions or share one. No schema
    can check this.
    """
    row = requirements()["microsoft.one-runtime"]
    listed = data.get("functions")
    names = [f.get("name") for f in listed if isinstance(f, dict)] if isinstance(listed, list) else []
    for n, one in enumerate(names):
        if one in names[:n]:
            at = source.locate(("functions", n, "name"))
            yield Diagnostic(
                at,
                f"{name}/one-runtime",
                "error",
                f"function `{one}` stands here again",
                "rename it",
                (row.cited,),
            )
    served: set[str] = set()
    runtimes = data.get("runtimes")
    for n, runtime in enumerate(runtimes if isinstance(runtimes, list) else ()):
        called = runtime.get("run_for_functions") if isinstance(runtime, dict) else None
        for m, one in enumerate(called if isinstance(called, list) else ()):
            at = source.locate(("runtimes", n, "run_for_functions", m))
            if one != "*" and names and one not in names:
                said = f"`{str(one)[:80]}` is not a function of this manifest"
                yield Diagnostic(
                    at, f"{name}/one-runtime", "error", said, "name one of `functions`", (row.cited,)
                )
            elif one in served:
                yield Diagnostic(
                    at,
                    f"{name}/one-runtime",
                    "error",
                    f"two runtimes serve `{str(one)[:80]}`",
                    "leave one",
                    (row.cited,),
                )
            served.add(str(one))
