"""README, CONTRIBUTING and docs say what is so: their commands run, their lists are current."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Container, Iterable
from functools import cache
from pathlib import Path

import click
import pytest
import yaml

import pages
from lengths import rarely
from pgagents.catalogue.load import load_file
from pgagents.cli.main import cli
from pgagents.generate.build import build
from pgagents.generate.files import write
from pgagents.report.contract import Verdict

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/explain/catalogue.md",
    "docs/explain/verify.md",
    "docs/howto/sandbox.md",
)
"""Their commands run in a folder that also holds the test catalogues, and run again there."""
TEXTS = {
    page: (ROOT / page).read_text(encoding="utf-8") for page in (*PAGES, "ARCHITECTURE.md", "docs/index.md")
}
README, CONTRIBUTING, INDEX = TEXTS["README.md"], TEXTS["CONTRIBUTING.md"], TEXTS["docs/index.md"]
COMMANDS = {page: pages.commands(TEXTS[page]) for page in PAGES}
MOST_WORDS = 600
MOST_BYTES = {"ARCHITECTURE.md": 8_000, "CONTRIBUTING.md": 12_000}
"""One page, and what a contributor reads at one sitting."""
FINDS = {"pgagents demo --fault money-rounded-down": 1}
"""The lines that do not exit with 0."""


def block_after(page: str, words: str) -> str:
    text = TEXTS[page]
    found = re.search(r"^```\w*\n(.*?)^```", text[text.index(words) :], re.M | re.S)
    assert found
    return found.group(1)


def test_list_of_commands_is_current() -> None:
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    width = max(map(len, commands)) + 2
    assert block_after("docs/index.md", "## Commands") == "".join(
        f"{n:<{width}}{c.get_short_help_str(80)}\n" for n, c in commands.items() if c
    ), "write the list under Commands in docs/index.md as the second one here"


def test_glossary_defines_each_word_once_in_order() -> None:
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| (\w[\w ]*) \| ", text, re.M)[1:]
    assert len(words) > 10
    assert words == sorted(set(words)), "docs/glossary.md: one row a word, by the alphabet"


def test_lines_of_layers_are_the_ones_that_are_held() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    held = {c["containers"][0]: c["layers"] for c in linter["contracts"] if c["type"] == "layers"}
    top, inner = block_after("ARCHITECTURE.md", "From the lowest up").split("verify: ")
    for line, container in ((top, "pgagents"), (inner, "pgagents.verify")):
        assert line.split() == [
            "/".join(sorted(layer.split(" | "))) for layer in reversed(held[container])
        ], f"write the line of {container} in ARCHITECTURE.md as pyproject.toml has its layers"


def test_picture_of_the_rooms_has_each_of_them_once() -> None:
    shown = re.findall(r"^(?: │ )?(\w+(?: │ \w+)*) ", block_after("ARCHITECTURE.md", "## Rooms"), re.M)
    rooms = {
        path.stem
        for path in (ROOT / "src/pgagents").iterdir()
        if (path.suffix == ".py" and not path.name.startswith("__")) or (path / "__init__.py").exists()
    }
    assert sorted(" │ ".join(shown).split(" │ ")) == sorted(rooms), "draw the rooms in ARCHITECTURE.md anew"


def test_verdicts_and_exit_codes_are_all_explained() -> None:
    page = (ROOT / "docs/explain/verdicts.md").read_text(encoding="utf-8")
    for verdict in Verdict:
        assert f"*{verdict.value.replace('_', ' ')}*" in page, (
            f"docs/explain/verdicts.md explains no {verdict}"
        )
    assert re.findall(r"^\| (\d) \|", page, re.M) == ["0", "1", "2", "3", "4"]


def test_readme_is_short() -> None:
    assert len(README.split()) <= MOST_WORDS


@pytest.mark.parametrize("page", MOST_BYTES)
def test_page_for_contributors_is_short(page: str) -> None:
    assert len(TEXTS[page].encode()) <= MOST_BYTES[page], (
        f"{page} is too long: what is true of one module stands in its docstring"
    )


def test_make_targets_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    typed = [line for page in ("README.md", "CONTRIBUTING.md") for line in COMMANDS[page]]
    used = set(
        re.findall(
            r"\bmake ([a-z]+)\b", "\n".join([*typed, *re.findall(r"`(make [a-z]+)`", README + CONTRIBUTING)])
        )
    )
    assert {"demo", "test"} <= used
    for target in used:
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_ci_runs_the_test_command_of_the_readme() -> None:
    steps = [
        line
        for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
        if line.startswith("make")
    ]
    assert steps[0] == "make test"
    assert steps[0] in COMMANDS["README.md"]
    assert steps[0] in COMMANDS["CONTRIBUTING.md"]
    assert all(f"`{step}`" in CONTRIBUTING for step in steps[1:])


EVERY = [
    *(ROOT / page for page in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("**/*.md")),
]


@pytest.mark.parametrize("page", EVERY, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_that_a_page_names_exist(page: Path) -> None:
    for path in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / path).exists(), f"{page.relative_to(ROOT)} links {path}, which is not there"


OF_THE_PROJECT = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs/explain").glob("*.md"))),
)
"""Pages whose quoted paths are those of files that exist. A decision quotes those of its day."""
ENDS = (".py", ".md", ".json", ".yaml", ".toml", ".j2")
"""Suffixes by which a page of the guide quotes a file, and no path of an API."""


def list_missing(text: str, *, only_files: bool) -> list[str]:
    """The quoted paths that are not there. A path in backquotes begins at the root or anywhere in `src`.

    `<…>` and `*` stand for any name, and a suffix may be left out. Several files after a folder's are beside
    the first one. With `only_files`, words with a slash that end as no file of ours are left out.
    """
    missing = []
    for path in re.findall(r"`([\w.<>*-]+(?:/[\w.<>*-]+)+/?)`", text):
        if path.startswith(".venv/") or (only_files and not path.endswith(ENDS) and "src/" not in path):
            continue  # `make` installs it; another environment may run the tests
        pattern = re.sub(r"<\w+>", "*", path.rstrip("/"))
        inner = re.escape(pattern).replace(r"\*", "[^/\n]*")
        if not any(ROOT.glob(pattern)) and not re.search(rf"(?:^|/){inner}[^/\n]*$", _list_source(), re.M):
            missing.append(path)
    return missing


@cache
def _list_source() -> str:
    """List the paths below `src`, one a line."""
    return "\n".join(
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "src").rglob("*")
        if "__pycache__" not in path.parts
    )


@pytest.mark.parametrize("page", OF_THE_PROJECT)
def test_files_of_the_project_that_a_page_quotes_exist(page: str) -> None:
    missing = list_missing((ROOT / page).read_text(encoding="utf-8"), only_files=page.startswith("docs/"))
    assert missing == [], f"{page} quotes what is not there (any more): name the file that does this now"


def test_quoted_file_that_is_gone_is_seen() -> None:
    text = "`verify/run/gate.py`, `verify/run/gone.py`, `verify/gone/`, `lint/rules/<vendor>/*.py`, `and/or`"
    assert list_missing(text, only_files=False) == ["verify/run/gone.py", "verify/gone/", "and/or"]
    assert list_missing(text, only_files=True) == ["verify/run/gone.py"]


def list_lost_modules(text: str, known: Container[str]) -> list[str]:
    """The modules that a text quotes in backquotes, alone or with folders, and that are not known files."""
    quoted = re.findall(r"`((?:\w+/)*\w+\.py)`", text)
    return [module for module in quoted if module not in known]


def list_tails(files: Iterable[str]) -> set[str]:
    """The ways to name files: alone, or after some of their folders."""
    each = (file.split("/") for file in files)
    return {"/".join(parts[n:]) for parts in each for n in range(len(parts))}


def test_modules_that_the_source_quotes_exist() -> None:
    """A docstring or a comment that names a module of yesterday sends its reader to the wrong place."""
    folders = [ROOT / folder for folder in ("src", "tests", "docs", "evaluation")]
    paths = [
        path.relative_to(ROOT)
        for folder in folders
        for path in folder.rglob("*.py")
        if "node_modules" not in path.parts
    ]
    known = list_tails(path.as_posix() for path in paths)
    lost = {
        path.as_posix(): modules
        for path in paths
        if path.parts[0] == "src"
        and (modules := list_lost_modules((ROOT / path).read_text(encoding="utf-8"), known))
    }
    assert lost == {}, "name the module that has it now"


def test_module_that_is_gone_is_seen() -> None:
    text = "`gate.py` asks `run/gone.py` and `wire/pace.py`."
    known = list_tails(["verify/run/gate.py", "verify/wire/pace.py"])
    assert list_lost_modules(text, known) == ["run/gone.py"]


def test_lines_with_curl_are_run_too() -> None:
    assert any("curl" in line for line in COMMANDS["docs/howto/sandbox.md"])
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed, so those lines of the guide are not run")


READING = ("contracts", "demo", "diff", "explain", "lint", "sandbox --exec", "trace", "verify")
ONCE = tuple(f"pgagents {command}" for command in READING)
"""Commands that leave nothing which a second run could stumble over."""


@pytest.mark.parametrize(
    ("page", "briefly"),
    rarely(
        [("README.md", True), *((p, False) for p in PAGES if pages.runnable(COMMANDS[p]))],
        ("README.md", True),
    ),
)
def test_commands_run_as_written_and_once_more_and_leave_only_what_is_ignored(
    page: str, briefly: bool, tmp_path: Path
) -> None:
    """One test for each page, so that nothing of it runs on two workers. Briefly: once, with a small
    catalogue in place of Park Graph's, and with one contract where a command finds something.
    """
    shorter = {line: f"{line} --only law/payout" for line in FINDS} if briefly else {}
    if briefly:
        _lay_out_small_project(tmp_path)
    done = pages.run([shorter.get(line, line) for line in COMMANDS[page]], tmp_path)
    assert len(done) == len(pages.runnable(COMMANDS[page])) > 0
    longer = {short: line for line, short in shorter.items()}
    for run, code, said in done:
        line = longer.get(run, run)
        assert code == FINDS.get(line, 0), f"$ {line}\n{said}"
        if line in FINDS:
            assert [shown for shown in finding() if shown not in said] == [], said
    assert unknown_to_git(tmp_path) == []
    again = _list_writing(COMMANDS[page]) if not briefly else []
    for line, code, said in pages.run(again, tmp_path) if again else ():
        assert code == FINDS.get(line, 0), f"$ {line}\n{said}"


def _list_writing(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if not line.startswith(ONCE)]


def _lay_out_small_project(folder: Path) -> None:
    """Put another catalogue where Park Graph's is, and beside it what is built from it."""
    catalogue = folder / "catalogue/park_graph.yaml"
    catalogue.parent.mkdir()
    shutil.copy(ROOT / "tests/catalogues/shop.yaml", catalogue)
    write(folder / "generated", build(load_file(catalogue)).artifacts())


def unknown_to_git(folder: Path) -> list[str]:
    """The files that commands left in a folder, and that git would list as new in the checkout."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        return []
    ours = {folder / "codes", *(folder / "bin").iterdir(), *folder.glob("*.out")}
    left = [
        str(p.relative_to(folder))
        for p in folder.rglob("*")
        if p.is_file() and p not in ours and not (ROOT / p.relative_to(folder)).exists()
    ]
    done = subprocess.run(
        ["git", "check-ignore", *left], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return sorted(set(left) - set(done.stdout.splitlines()))


@pytest.mark.matrix
def test_demo_ends_as_the_first_page_shows(tmp_path: Path) -> None:
    """But for the number of requests and the seconds, which depend on the machine."""
    found = re.search(r"^The report ends like this:\n\n```text\n(.*?)^```", INDEX, re.M | re.S)
    assert found
    first, *others = found.group(1).splitlines()
    ((_, code, said),) = pages.run(["pgagents demo"], tmp_path)
    assert code == 0
    assert first.partition(" judged ")[2] in said
    assert [line for line in others if line not in said.splitlines()] == []


def test_every_command_that_finds_something_is_on_the_page_that_shows_it() -> None:
    assert all(f"$ {line}\n" in INDEX for line in FINDS)


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("guide", "sandboxes"),
    [("docs/howto/sandbox.md", 1)],
)
def test_commands_end_where_the_port_is_taken(guide: str, sandboxes: int, tmp_path: Path) -> None:
    """The sandbox says so and ends with exit code 2, and nothing waits for it for ever."""
    lines = pages.commands((ROOT / guide).read_text(encoding="utf-8"))
    waiting = [line for line in lines if line.startswith("until ") or line.endswith("&")]
    assert len(waiting) == 2 * sandboxes
    for name in ("ready", "live"):
        (tmp_path / f"{name}.json").write_text("{}", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = pages.run(["pgagents init", *waiting, "wait"], tmp_path, copied=(), port=port)
    assert len(done) == len(waiting) + 2
    told = [said for _, _, said in done if f"error: port {port} is in use" in said]
    assert len(told) == sum(line.endswith("&") for line in waiting) == sandboxes
    assert all(said.count("error:") == 1 for said in told)
    left = {path.stem for path in tmp_path.glob("*.json")}
    assert left == {"ready", "live"} - set(re.findall(r"--ready (\w+)", "\n".join(waiting))), (
        "keys of an earlier run"
    )


def finding() -> list[str]:
    """The lines of the finding that the first page shows, without its number and the amounts, which depend on
    the day.
    """
    found = re.search(r"^```text\n(1 of 1  .*?)^```", INDEX, re.M | re.S)
    assert found
    first, *others = found.group(1).splitlines()
    varies = re.compile(r"= \d|^ +\d|is \d|^ +answered|^ +\^")
    exact = [line for line in others if not varies.search(line)]
    assert len(exact) == 3, "the promise, its place and its rule"
    return [first.partition(": response")[0], *exact]


GUIDE = sorted(
    p
    for p in (ROOT / "docs").glob("**/*.md")
    if p.parent.name not in ("reference", "decisions")
    and str(p.relative_to(ROOT)) not in PAGES
    and not {*pages.runnable(pages.commands(p.read_text(encoding="utf-8")))} <= {*COMMANDS["README.md"]}
)
"""Pages with commands that README does not have."""


TUTORIAL = ROOT / "docs/tutorial.md"


def parts_of(guide: Path, folder: Path) -> list[list[str]]:
    """Return the commands that a reader types, in parts that are run one after the other.

    The tutorial's sections on an unchanged catalogue are typed once more, as by somebody who begins anew, but
    for what leaves nothing.
    """
    text = guide.read_text(encoding="utf-8")
    if guide != TUTORIAL:
        return [pages.commands(text)]
    lines = pages.steps(text, folder)
    changed = next(number for number, line in enumerate(lines) if "merge.py" in line)
    return [lines[:changed], _list_writing(lines[:changed]), lines[changed:]]


def test_every_command_of_a_page_is_typed_by_a_test() -> None:
    typed = {line for page in (*PAGES, *GUIDE) for line in pages.commands((ROOT / page).read_text("utf-8"))}
    for page in EVERY:
        lines = pages.runnable(pages.commands(page.read_text(encoding="utf-8")))
        assert [line for line in lines if line not in typed] == [], page.relative_to(ROOT)


@pytest.mark.matrix
@pytest.mark.parametrize("guide", GUIDE, ids=lambda guide: guide.stem)
def test_commands_of_the_guide_run_as_written(guide: Path, tmp_path: Path) -> None:
    copied = () if guide == TUTORIAL else ("catalogue", "generated")
    for lines in parts_of(guide, tmp_path):
        for line, code, said in pages.run(lines, tmp_path, copied=copied) if lines else ():
            assert code == FINDS.get(line, 0), f"$ {line}\n{said}"


def test_tutorial_goes_on_to_a_law_step_by_step(tmp_path: Path) -> None:
    """Each block goes into the file that it names, in the order of the page, and what comes is YAML."""
    lines = parts_of(TUTORIAL, tmp_path)[-1]
    assert [line.split()[2] for line in lines if "merge.py" in line] == ["catalogue/api.yaml"] * 2
    (tmp_path / "catalogue").mkdir()
    pages.run([line for line in lines if "merge.py" in line], tmp_path, copied=())
    catalogue = yaml.safe_load((tmp_path / "catalogue/api.yaml").read_text(encoding="utf-8"))
    assert "resources" in catalogue
    assert {"http", "laws"} <= set(catalogue["actions"]["make_wish"])
    assert "(reference/say.md)" in TUTORIAL.read_text(encoding="utf-8")


def test_reference_is_current() -> None:
    # a process of its own: click keeps the help option of a command that another test called by itself
    script = [sys.executable, str(ROOT / "docs/make_reference.py"), "--check"]
    ran = subprocess.run(script, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}run: make docs"


MOST_PAGES, MOST_OF_A_PAGE = 30, 1_500
"""The pages that a reader is led through, without reference and decisions, and the words of one of them."""


def test_guide_can_be_read_to_its_end() -> None:
    menu = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    groups = {title: pages for entry in menu for title, pages in entry.items()}
    assert [*groups] == ["Start", "Publish", "Prove", "Over time", "Reference"]
    paths = [p for title in [*groups][:4] for entry in groups[title] for p in entry.values()]
    words = {path: len((ROOT / "docs" / path).read_text(encoding="utf-8").split()) for path in paths}
    assert len(words) <= MOST_PAGES, "put the new page's text into one that its reader reads anyway"
    assert {path: count for path, count in words.items() if count > MOST_OF_A_PAGE} == {}


def test_every_page_of_the_guide_is_in_the_sites_menu() -> None:
    menu = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("**/*.md"):
        if page.parent.name == "decisions":  # they are read where a page or the code refers to one
            continue
        assert f'"{page.relative_to(ROOT / "docs")}"' in menu, f"add {page.name} to nav in zensical.toml"
