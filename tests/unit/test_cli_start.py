"""The program from its first moment to its last: Ctrl-C while it is loaded, any encoding of its output, a
home that is none.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lengths import share
from pgagents.cli import demo, main
from pgagents.cli.inputs import files
from pgagents.cli.running.progress import Pace, describe_progress
from pgagents.verify.plan.options import Progress

SHOP = str(Path(__file__).parents[1] / "catalogues" / "shop.yaml")
STARTED = [sys.executable, "-m", "pgagents"]


def start(
    *words: str, command: list[str] | None = None, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("LC_", "LANG", "PYTHON", "XDG_", "PGAGENTS_"))
    }
    return subprocess.run(
        [*(command or STARTED), *words], env={**kept, **environment}, capture_output=True, check=False
    )


def test_interrupt_while_it_is_loaded_is_one_word() -> None:
    code = (
        "import sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from pgagents.__main__ import run\n"
        "run()\n"
    )
    done = start(command=[sys.executable, "-c", code])
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"stopped\n")


def test_python_starts_it_by_its_name() -> None:
    done = start("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(b"pgagents, version ")


# -- encodings
# ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["cp1252", "shift_jis"])
def test_any_encoding_of_the_output_takes_a_report(encoding: str) -> None:
    done = start("contracts", SHOP, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    printed = done.stdout.decode(encoding)
    assert " contracts, " in printed
    assert ("─" in printed) == (encoding == "shift_jis")


def test_data_stays_data_where_the_encoding_lacks_a_character() -> None:
    error = UnicodeEncodeError("cp1252", "a→𝕏é", 1, 4, "no such character")
    near, at = main.near(error)
    assert (near, at) == ("->\\ud835\\udd4f\\u00e9", 4)
    assert json.loads(f'"{near}"') == "->𝕏é"


def test_pure_ascii_is_taken_for_no_locale() -> None:
    done = start("contracts", SHOP, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "─" in done.stdout.decode()


def test_title_is_read_as_it_was_typed_where_no_locale_is_set(tmp_path: Path) -> None:
    out = tmp_path / "api.yaml"
    done = start("init", str(out), "--title", "Bücher", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (done.returncode, done.stderr) == (0, b"")
    text = out.read_text(encoding="utf-8")
    assert '  title: "Bücher"\n' in text
    assert "  id: bucher\n" in text


# -- closed streams
# ---------------------------------------------------------------------------------------------------


CLOSED = [
    (words, code, closed)
    for words, code in (
        ("--help", 0),
        ("lint SHOP", 0),
        ("mcp park-graph", 0),
        ("sandbox SHOP --exec true", 0),
        ("build no.yaml", 2),
    )
    for closed in ("0<&-", ">&-", "2>&-")
]


@pytest.mark.parametrize(("words", "code", "closed"), share(CLOSED, 4))
def test_closed_stream_is_as_good_as_an_empty_one(words: str, code: int, closed: str, tmp_path: Path) -> None:
    call = shlex.join([*STARTED, *words.replace("SHOP", SHOP).split()])
    done = start(
        command=["bash", "-c", f"cd {shlex.quote(str(tmp_path))} && {call} {closed}"],
        PYTHONPATH=os.pathsep.join(sys.path),
    )
    assert b"Traceback" not in done.stdout + done.stderr
    assert done.returncode == code, done.stderr


def test_no_file_takes_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    """SQLite would open its file as stream 2, and the errors of a library would be written into it."""
    code = (
        "import os\n"
        "os.close(2)\n"
        "from pgagents.cli.main import main\n"
        "main(['--version'])\n"
        f"print(os.open({str(tmp_path / 'data')!r}, os.O_CREAT | os.O_RDWR) > 2)\n"
    )
    done = start(command=[sys.executable, "-c", code], PYTHONPATH=os.pathsep.join(sys.path))
    assert done.stdout.splitlines()[-1] == b"True"


# -- names that are not UTF-8
# ---------------------------------------------------------------------------------------------------

NOT_UTF8 = b"b\xfccher"
DOCUMENT = json.dumps(
    {
        "openapi": "3.0.3",
        "info": {"title": "Books", "version": "1"},
        "paths": {"/books": {"get": {"responses": {"200": {"description": "Books."}}}}},
    }
)


@pytest.mark.skipif(sys.platform == "darwin", reason="names of files are UTF-8 there")
@pytest.mark.parametrize(
    ("words", "codes"),
    share(
        [
            ("build CATALOGUE", (0,)),
            ("build CATALOGUE --out FOLDER", (0,)),
            ("lint CATALOGUE", (0,)),
            ("lint CATALOGUE --format json", (0,)),
            ("lint DOCUMENT", (0, 1)),
            ("contracts CATALOGUE", (0,)),
            ("diff CATALOGUE DOCUMENT", (0, 1)),
            ("import --full DOCUMENT", (0,)),
            ("import --full DOCUMENT --out FOLDER/new.yaml", (0,)),
            ("import DOCUMENT", (2,)),  # a short catalogue names its document
            ("init FOLDER", (0,)),
            ("verify CATALOGUE --url http://127.0.0.1:9 --plan --report FOLDER.json", (0,)),
            ("verify CATALOGUE --url http://127.0.0.1:9", (3,)),
            ("verify --openapi DOCUMENT --url http://127.0.0.1:9", (3,)),
            ("verify CATALOGUE --url http://127.0.0.1:9 --env FOLDER", (2,)),
            ("trace FOLDER", (2,)),
            ("report show FOLDER", (2,)),
            ("sandbox FOLDER", (2,)),
            ("demo FOLDER", (2,)),
            ("FOLDER", (2,)),
        ],
        3,
    ),
)
def test_name_that_is_not_utf8_is_taken_or_refused_in_words(
    words: str, codes: tuple[int, ...], tmp_path: Path
) -> None:
    names = {"FOLDER": NOT_UTF8, "CATALOGUE": NOT_UTF8 + b".yaml", "DOCUMENT": NOT_UTF8 + b".json"}
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + names["CATALOGUE"])).write_bytes(Path(SHOP).read_bytes())
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + names["DOCUMENT"])).write_text(DOCUMENT, encoding="utf-8")
    call = os.fsencode(words)
    for name, real in names.items():
        call = call.replace(name.encode(), real)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PGAGENTS_")}
    done = subprocess.run(
        [*map(os.fsencode, STARTED), *call.split()],
        cwd=tmp_path,
        env={
            **kept,
            "PYTHONIOENCODING": "utf-8:strict",
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PGAGENTS_TOKEN": "shop_test_key",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    said = (done.stdout + done.stderr).decode()
    assert "Traceback" not in said
    assert done.returncode in codes, said


# -- homes
# --------------------------------------------------------------------------------------------------------


def test_without_a_home_nothing_stays_behind(tmp_path: Path) -> None:
    kept = {
        k: v
        for k, v in os.environ.items()
        if k not in ("HOME", "XDG_CACHE_HOME", "HYPOTHESIS_STORAGE_DIRECTORY")
    }
    words = [*STARTED, "verify", SHOP, "--url", "http://127.0.0.1:9", "--plan"]
    done = subprocess.run(words, env={**kept, "TMPDIR": str(tmp_path)}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_a_home_the_folder_is_ours_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that anybody can guess could have been made by anybody."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    files._passing.cache_clear()
    try:
        folder = files.folder()
        assert folder == files.folder()
        assert folder.stat().st_mode & 0o077 == 0
        assert demo._page()[0].parent not in (
            folder,
            folder / "demo",
        )  # the page is to be opened when the demo has ended
    finally:
        files._passing.cache_clear()


def test_page_goes_nowhere_where_home_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert demo._page() == ()


# -- time left
# ----------------------------------------------------------------------------------------------------


def test_time_left_follows_the_pace_of_the_last_minute() -> None:
    """A bucket of 100 is empty in a few seconds, and then it is 30 a minute."""
    pace = Pace()
    steps: list[Any] = [
        Progress(int(min(100, 20 * s) + max(0.0, s - 5) / 2), 700, 0, 1, 0, float(s)) for s in range(1, 200)
    ]
    told = [describe_progress(step, pace(step)) for step in steps]
    assert told[4].startswith("20/s · about 30 s left")
    assert told[-1].startswith("30/min · about 17 min left")
