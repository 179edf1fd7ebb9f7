"""The rooms fit together: target, template, vendor schema, requirements and generated file; checks and
faults.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from offering import OFFERING, hosted, park
from pgagents.base.reading import read
from pgagents.base.registry import folder, names
from pgagents.generate.actions import list_offered
from pgagents.generate.build import build, plan, targets
from pgagents.generate.target import Target
from pgagents.lint.importers import copilot
from pgagents.lint.importers import gpt_builder_import as gpt_builder
from pgagents.lint.pages import CATALOGUE
from pgagents.lint.rule import rules
from pgagents.sandbox import fault_registry

ROOT = Path(__file__).parents[2]
TARGETS = targets()
CHECKS = {name.rpartition(".")[2] for name in names("pgagents.verify.checks")}
RULES = rules()
IMPORTERS = {"gpt-builder": gpt_builder.templates(), "copilot-import": copilot.templates()}
FAULTS = {**fault_registry.collect("faults"), **fault_registry.collect("mcp_faults")}
VARIATIONS = {**fault_registry.collect("variations"), **fault_registry.collect("mcp_variations")}
OUTPUTS = {path for target in TARGETS.values() for path in target.outputs}


def rows() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every requirement with the file it stands in."""
    for path in sorted((folder("schemas") / "requirements").glob("*.yaml")):
        source = read(path)
        assert source.problems == [], path
        yield from ((path.name, row) for row in source.data)


def stems(folder: Path, suffix: str) -> set[str]:
    return {str(p.relative_to(folder))[: -len(suffix)] for p in folder.rglob(f"*{suffix}")}


def templates_of(id: str) -> set[str]:
    """The templates by which a target can be laid out: its own, or the one that it shares."""
    return {id, getattr(TARGETS[id], "template", None) or id}


def check_none(lacking: Iterable[str], next_step: str) -> None:
    """Fail with the ids that lack something, and with the file to edit."""
    assert not (ids := sorted(lacking)), f"{', '.join(ids)}: {next_step}"


def test_every_target_has_its_template_and_every_template_its_target() -> None:
    shipped = stems(folder("templates"), ".j2")
    check_none(
        (id for id in TARGETS if not templates_of(id) & shipped),
        "no template. Write templates/<id>.j2 as templates/mcp/tools.j2 does, or name one of "
        "templates/tool_list/ in a row of src/pgagents/generate/targets/tool_lists.py as xai/tools_chat does",
    )
    check_none(
        shipped.difference(*map(templates_of, TARGETS)),
        "a template without a target. Write src/pgagents/generate/targets/<id>.py with a TARGET as "
        "mcp/tools.py does, or name it in a row of targets/tool_lists.py; else delete it",
    )


def test_every_target_of_json_has_its_vendor_schema_and_every_schema_its_target() -> None:
    of_json = {
        id
        for id, target in TARGETS.items()
        if any(Path(path).suffix in (".json", ".yaml") for path in target.outputs)
    }
    schemas = stems(folder("schemas") / "vendor", ".schema.json")
    check_none(
        of_json - schemas,
        "no vendor schema. Write schemas/vendor/<id>.schema.json, such as that of xai/tools_chat",
    )
    check_none(schemas - of_json, "a schema without a target of JSON or YAML. Delete schemas/vendor/<id>.*")


def test_verify_holds_the_api_to_every_document_that_describes_its_actions() -> None:
    """`describes` says so; a document that forgets it would never be compared with the server."""
    wrong = {}
    for id, target in TARGETS.items():
        if not isinstance(target, Target):
            continue
        model = next(c() for c in (*OFFERING.values(), hosted) if id in plan(c()))
        view = target.view(model)
        is_openapi = {"openapi", "paths"} <= set(view.context)
        is_tool_list = target.for_models and target.outputs[0].endswith(".json")
        form = "openapi" if is_openapi else "functions" if is_tool_list or view.functions else None
        if target.describes != form:
            wrong[id] = form
        if form == "functions":
            assert len(view.functions) == len(list_offered(model.surfaces[target.surface or "rest"])) > 0, id
    check_none(
        (f"{id} describes={form!r}" for id, form in wrong.items()),
        "its Target says otherwise; those of targets/mcp/tools.py and targets/openai/openapi.py are right",
    )


def test_every_output_is_generated_and_nothing_else_is() -> None:
    there = {str(p.relative_to(ROOT / "generated")) for p in (ROOT / "generated").rglob("*") if p.is_file()}
    built = {artifact.path for artifact in build(park()).artifacts()}
    check_none(there ^ built, "`pgagents build` writes and deletes what generated/ lacks and has too much")


def test_every_target_applies_to_a_catalogue_of_the_tests() -> None:
    every = (*OFFERING.values(), hosted)
    applying = {id for catalogue in every for id in plan(catalogue())}
    check_none(
        TARGETS.keys() - applying,
        "no catalogue of the tests has it. Give its surface settings in tests/offering.py, as `copilot` has",
    )
    assert applying <= TARGETS.keys()


def test_no_two_targets_write_one_file() -> None:
    every = [path for target in TARGETS.values() for path in target.outputs]
    assert len(every) == len(OUTPUTS)


def test_every_vendor_schema_says_where_its_facts_come_from() -> None:
    schemas = folder("schemas") / "vendor"
    rows = tomllib.loads((schemas / "PROVENANCE.toml").read_text(encoding="utf-8"))["schema"]
    listed = {row["file"] for row in rows}
    there = {str(path.relative_to(schemas)) for path in schemas.rglob("*.schema.json")}
    assert not there - listed, "add a [[schema]] row to schemas/vendor/PROVENANCE.toml, as its first one"
    assert not listed - there, "schemas/vendor/PROVENANCE.toml lists a file that is gone: remove its row"
    for row in rows:
        assert row["facts"]
        assert row["read"]
        assert row["file"].startswith("pgagents/") or row["urls"]


def test_requirements_have_ids_of_their_own() -> None:
    ids = [row["id"] for _, row in rows()]
    assert len(ids) == len(set(ids)) > 0


@pytest.mark.parametrize(("file", "row"), list(rows()), ids=lambda v: v if isinstance(v, str) else v["id"])
def test_requirement_is_quoted_dated_and_held(file: str, row: dict[str, Any]) -> None:
    assert row["id"].startswith(file.removesuffix(".yaml") + ".")
    assert row["level"] in ("MUST", "SHOULD")
    assert row["quote"]
    assert row.get("source") or row["url"].startswith("https://")
    assert str(row["read"]).startswith("20")
    assert bool(row.get("by")) != bool(row.get("excluded")), (
        f"schemas/requirements/{file}: {row['id']} needs `by`, or `excluded` with a reason, as in google.yaml"
    )
    for by in row.get("by", ()):
        assert _exists(by), (
            f"schemas/requirements/{file}: `by: {by}` names nothing; say schema/<target>, rule/<vendor>"
            "/<name>, check/<name> or test/<file>::<function>, as xai.yaml does"
        )


def _exists(by: str) -> bool:
    kind, _, name = by.partition("/")
    match kind:
        case "schema" | "note" | "view":
            return name in TARGETS
        case "check":
            return name in CHECKS
        case "rule":
            return name in RULES
        case "importer":
            importer, _, message = name.partition("/")
            return message.split("/")[0] in IMPORTERS.get(importer, ())
        case "diagnostic":
            return name.removeprefix("catalogue/") in CATALOGUE
        case "test":
            path, _, function = name.partition("::")
            files = [*(ROOT / "tests").glob(f"{path}.py"), *(ROOT / "tests").glob(f"*/{path}.py")]
            return bool(files) and (not function or function in _functions(files[0]))
    return False


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_vendors_document_has_a_requirement_behind_it() -> None:
    held = {
        by.partition("/")[2]
        for _, row in rows()
        for by in row.get("by", ())
        if by.partition("/")[0] in ("schema", "note", "view")
    }
    ours = {id for id in TARGETS if id.startswith("pgagents/")}
    check_none(
        set(TARGETS) - ours - held,
        "no requirement. Name schema/<id> under `by` in schemas/requirements/<vendor>.yaml, as xai.yaml does",
    )


def test_every_fault_names_checks_that_exist() -> None:
    for id, fault in FAULTS.items():
        where = f"the fault {id} of tests/faults or sandbox/faults"
        found_by = fault.breaks | fault.by_list
        assert found_by, f"{where} names no check that it breaks; `search_duplicates` does"
        unknown = (fault.breaks | set(fault.also)) - CHECKS
        assert not unknown, f"{where} names no check of verify/checks: {', '.join(sorted(unknown))}"
        assert not fault.breaks & set(fault.also), f"{where} names a check twice; take it out of `also`"
        assert all(fault.also.values()), f"{where}: `also` needs a reason for each check"


def test_every_check_is_broken_by_some_fault() -> None:
    check_none(
        CHECKS - {check for fault in FAULTS.values() for check in fault.breaks},
        "a check that no fault breaks proves nothing. Write one in tests/faults/<family>.py, such as "
        "`search_duplicates`",
    )


def test_every_variation_names_a_point_of_the_language_or_none() -> None:
    from pgagents.catalogue.language.platform import Behaviour

    for id, variation in VARIATIONS.items():
        assert variation.point is None or variation.point in Behaviour.model_fields, (
            f"the variation {id}: `{variation.point}` is not a key of `behaviour`; `extra_members` names none"
        )


@pytest.mark.parametrize("kind", ["faults", "variations"])
def test_fault_and_variation_say_in_one_sentence_what_it_does(kind: str) -> None:
    for id, module in {"faults": FAULTS, "variations": VARIATIONS}[kind].items():
        assert module.description.endswith("."), (
            f"{id}: its docstring says in one sentence what it does, as that of `search_unsorted`"
        )
