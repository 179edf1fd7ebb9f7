"""Skills held to a sandbox in this process: as they are generated, or with lies and other wordings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from inprocess import inside, mcp_inside, verify_sandbox
from listing_servers import Change, wrap
from pgagents.generate.skills import write_skills
from pgagents.report.report import Report
from pgagents.submit.skills.claims import find_claims
from pgagents.submit.skills.files import Outcome, read_folder
from pgagents.submit.skills.trial import SkillTrial
from pgagents.submit.skills.words import read_model
from pgagents.verify.plan.options import Options
from pgagents.verify.wire.mcp_link import read_listing
from sandboxes import model

Edit = Callable[[str], str]


@cache
def write(name: str) -> Mapping[str, str]:
    """The text of each skill of a catalogue, by the skill's name."""
    return {str(skill.name): text for skill, text in write_skills(model(name))}


def lay(folder: Path, texts: Mapping[str, str]) -> Path:
    """Write skills into a folder."""
    for name, text in texts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "SKILL.md").write_text(text, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Held:
    """The outcomes of all claims, and the report of the run."""

    outcomes: tuple[Outcome, ...]
    report: Report
    counts: Counter[str] = field(default_factory=Counter)

    def list_wrong(self) -> list[tuple[str, str, str, str]]:
        """The verdict, id, subject and member of each claim that is broken or odd."""
        return [
            (o.verdict, o.id, o.subject, o.member) for o in self.outcomes if o.verdict in ("broken", "odd")
        ]


def hold(
    name: str,
    folder: Path,
    *,
    mcp: bool = True,
    faults: tuple[str, ...] = (),
    change: tuple[str, Change] | None = None,
    **options: bool,
) -> Held:
    """Hold the skills of a folder to the sandbox of a catalogue, through MCP or through its API alone.

    `change` changes one tool of its MCP server.
    """
    of = model(name)
    opened = inside(of, faults=faults)
    skills = read_folder(str(folder))
    chosen = Options(only=("nothing",), **options)
    if not mcp:
        words = read_model(of, None, str(of.api.server))
        found = [find_claims(skills, skill, words) for skill in skills.skills]
        trial = SkillTrial([claim for one in found for claim in one.claims], of)
        report = verify_sandbox(of, opened, chosen, companion=trial)
    else:
        with mcp_inside(of, opened) as link:
            if change is not None:
                link.handler = wrap(link.handler, _ALL, change[1], change[0])
            assert link.open(), link.problem
            listed = {tool: definition for _, tool, definition in read_listing(link).named}
            words = read_model(of, listed, str(of.api.server))
            found = [find_claims(skills, skill, words) for skill in skills.skills]
            trial = SkillTrial([claim for one in found for claim in one.claims], of)
            report = verify_sandbox(of, opened, chosen, mcp=link, companion=trial)
    outcomes = (*(o for one in found for o in one.outcomes), *trial.conclude())
    return Held(outcomes, report, Counter(o.verdict for o in outcomes))


class _Every(tuple[str, ...]):
    """Contains each name."""

    def __contains__(self, _: object) -> bool:
        return True


_ALL = _Every()
