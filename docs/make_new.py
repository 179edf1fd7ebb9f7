"""Write the files of a new lint rule, check, target or fault, with a TODO where its author has to decide.

A check of kind `effect` compares what reads show around a call.

`make new KIND=check NAME=rest/etag_changes` runs it. The recipes in CONTRIBUTING.md say what the TODOs mean.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
SOURCE = Path("src/pgagents")
FORMS = {
    "rule": ("VENDOR/NAME", "gemini/long_name"),
    "check": ("AREA/NAME", "rest/etag_changes"),
    "effect": ("AREA/NAME", "rest/previews_change_nothing"),
    "target": ("VENDOR/ARTEFACT", "mistral/tools"),
    "fault": ("FAMILY/NAME", "lists/newest_left_out"),
}
PART = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")

RULE = '''"""TODO: the mistake in one sentence, as a user would read it.

TODO: why it hurts, with the vendor's own words.

Bad:

    api: {{TODO: null}}

Good:

    api: {{TODO: "right"}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    del model  # TODO: yield a Hit with the place, what is wrong, and the next step
    yield from ()


RULE = Rule("note", "{first}.TODO", find, surface="{first}")
'''
CHECK = '''"""TODO: the promise in one sentence, as a report shows it.

TODO: what would make this wrong on a right server that nobody here has seen? That becomes a variation.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.report.contract import Rank
from pgagents.verify.promise import Attempt, Case, Trial, Untested, conclude, make_check
from pgagents.verify.setting import Setting


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint that TODO."""
    del roles
    for endpoint in setting.endpoints:
        if endpoint.action.name != "TODO":  # TODO: leave out the endpoints of which nothing is promised
            continue
        says = f"{{endpoint.action.name}} TODO"
        yield Case(endpoint, says, endpoint.action.origin, Attempt(_try))


def _try(trial: Trial) -> None:
    answer = trial.ask(trial.call("valid", "TODO: why this call is made"))
    if answer.void or not answer.success:
        raise Untested(f"the call was not answered with its success: {{answer.outcome}}")
    if "TODO" in str(answer.body):  # TODO: what the promise excludes
        conclude(trial.broken("TODO: what was promised", "TODO: the answer has {{count}}", count=1))
    else:
        conclude(trial.kept())


CHECK = make_check("{second}", __doc__, cases, rank=Rank.WRONG)  # TODO: how bad a break is
'''
EFFECT = '''"""TODO: the promise in one sentence, as a report shows it.

TODO: what would make this wrong on a right server that nobody here has seen? That becomes a variation.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.report.contract import Rank
from pgagents.verify.answers.effects import SAME, attempt_effect
from pgagents.verify.answers.hints import find_hinted_call
from pgagents.verify.promise import Case, make_check
from pgagents.verify.setting import Setting


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint that TODO."""
    del roles
    for endpoint in setting.endpoints:
        hinted = find_hinted_call(setting, endpoint)  # one that names or makes an instance: no list
        if endpoint.action.name != "TODO" or isinstance(hinted, str):  # TODO: of which nothing is promised
            continue
        # TODO: SAME, or only_added(hinted.sources, ()); then why the call is made, and what is unusual in it
        attempt = attempt_effect(hinted, SAME, "TODO", {{}})
        yield Case(endpoint, f"{{endpoint.action.name}} TODO", endpoint.action.origin, attempt)


CHECK = make_check("{second}", __doc__, cases, rank=Rank.WRONG)  # TODO: how bad a break is
'''
TARGET = '''"""TODO: what the document is called, with its version."""

from __future__ import annotations

from pgagents.catalogue.model.model import Model
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return what the template shows: TODO."""
    return View({{"title": model.api.title}})


TARGET = Target("TODO", ("{first}/{second}.json",), view, surface="{first}")
'''
SCHEMA = """{
 "$schema": "https://json-schema.org/draft/2020-12/schema",
 "title": "TODO: what the vendor accepts",
 "type": "object"
}
"""
FAMILY = '''"""Faults of TODO."""

from __future__ import annotations

from typing import Any

from pgagents.base.http import Request
from pgagents.sandbox.fault_declaration import Context, fault
'''
FAULT = '''

@fault("TODO").edit_data
def {second}(context: Context, request: Request, data: Any) -> Any:
    """TODO: what the server does wrong, in one sentence."""
    del context, request  # TODO: change the data; `Declared` has the other parts that a fault may change
    return data
'''
STEPS = {
    "rule": "a row in schemas/requirements/{first}.yaml that names rule/{first}/{dashed} under `by`, "
    "then `make docs`",
    "check": "a fault that breaks {second} (`make new KIND=fault`), a row in "
    "tests/data/checks_elsewhere.yaml, then `make docs`",
    "target": "a row in schemas/vendor/PROVENANCE.toml and in schemas/requirements/{first}.yaml, the surface "
    "{first} in catalogue/park_graph.yaml, then `pgagents build` and `make docs`",
    "fault": "the check that it breaks, in place of TODO; then `python tests/record_fault_contracts.py` and "
    "`make docs`",
}


def refuse(message: str) -> NoReturn:
    """End with one message and exit code 2, with nothing written."""
    sys.stderr.write(f"{message}\n")
    raise SystemExit(2)


def plan_files(kind: str, first: str, second: str) -> dict[Path, str]:
    """Return the text of each file to write, by its path in the repository. A fault's file may exist."""
    folder, text = {
        "rule": (SOURCE / "lint/rules", RULE),
        "check": (SOURCE / "verify/checks", CHECK),
        "effect": (SOURCE / "verify/checks", EFFECT),
        "target": (SOURCE / "generate/targets", TARGET),
        "fault": (Path("tests/faults"), FAULT),
    }[kind]
    text = text.format(first=first, second=second)
    if kind == "fault":
        family = folder / f"{first}.py"
        before = (ROOT / family).read_text(encoding="utf-8") if (ROOT / family).exists() else FAMILY
        return {family: before + text}
    files = {folder / first / f"{second}.py": text}
    if not (ROOT / folder / first / "__init__.py").exists():
        files[folder / first / "__init__.py"] = f'"""TODO: what the modules of {first} have in common."""\n'
    if kind == "target":
        files[Path("templates") / first / f"{second}.j2"] = '{"TODO": {{ title | tojson }}}\n'
        files[Path("schemas/vendor") / first / f"{second}.schema.json"] = SCHEMA
    return files


def find_taken(kind: str, files: dict[Path, str], second: str) -> str:
    """Return where the name exists; empty if it is free. No two folders have one check or one fault."""
    if kind == "fault":
        wanted = re.compile(rf"^def {second}\(", re.M)
        paths = [*(ROOT / "tests/faults").rglob("*.py"), *(ROOT / SOURCE / "sandbox").rglob("faults/*.py")]
        found = [p for p in sorted(paths) if wanted.search(p.read_text(encoding="utf-8"))]
    elif kind in ("check", "effect"):
        found = sorted((ROOT / SOURCE / "verify").rglob(f"checks/**/{second}.py"))
    else:
        found = [ROOT / path for path in files if (ROOT / path).exists()]
    return str(found[0].relative_to(ROOT)) if found else ""


def main(words: Sequence[str]) -> None:
    """Write the files of a kind and a name, and say what is left to do."""
    kind, name = (*words, "", "")[:2]
    if kind not in FORMS:
        refuse(
            f"KIND={kind} is none of {', '.join(FORMS)}; such as `make new KIND=rule NAME=gemini/long_name`"
        )
    form, example = FORMS[kind]
    first, _, second = name.partition("/")
    if not (PART.fullmatch(first) and PART.fullmatch(second)) or {first, second} & {*keyword.kwlist}:
        refuse(f"NAME={name} is not a name of a {kind}: {form} in a-z, 0-9 and _, such as {example}")
    files = plan_files(kind, first, second)
    if taken := find_taken(kind, files, second):
        refuse(f"NAME={name} exists: {taken}; choose another name, or change that one")
    for path, text in files.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    step = STEPS["check" if kind == "effect" else kind].format(
        first=first, second=second, dashed=second.replace("_", "-")
    )
    print(
        f"Next: each TODO in it; {step}. `.venv/bin/pytest tests/unit/test_rooms.py` names files that "
        "are missing, `.venv/bin/pytest tests/oracle` what has changed in contracts and verdicts."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
