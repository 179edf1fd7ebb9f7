"""Judge plugin manifests by the vendor's schema: OpenAI's `ai-plugin.json` v1, Copilot's v2.2 and v2.4."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pgagents.lint.judged import Judged
from pgagents.lint.requirement import requirements
from pgagents.resources import folder
from pgagents.source.diagnostics import Diagnostic
from pgagents.source.source import Source

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


def kind(data: Any) -> str | None:
    """Return the name of the judge for a manifest, or None for any other document."""
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version == "v1" and "name_for_model" in data:
        return "ai-plugin"
    return "copilot-plugin" if isinstance(version, str) and version.startswith("v2") else None


def judge(source: Source, name: str) -> Judged:
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
                said = f"`{str(one)[:80]}` is no function of this manifest"
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
