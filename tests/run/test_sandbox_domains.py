"""A domain of anybody's own serves a catalogue that names it, found by its entry point."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inprocess import inside
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.sandbox import sandbox

NOTES = Path(__file__).parents[1] / "catalogues" / "notes.yaml"
DOMAIN = """
from pgagents.sandbox.call import Refusal


def domain(setting):
    store = setting.store
    store.script("CREATE TABLE IF NOT EXISTS page (n INTEGER PRIMARY KEY, words TEXT NOT NULL)")

    def act(call):
        if str(call.action.name) == "create_note":
            store.run("INSERT INTO page (words) VALUES (?)", call.input["text"].upper())
            row = store.row("SELECT max(n) AS n FROM page")
            return {"id": f"n-{row['n']}", "text": call.input["text"].upper()}
        return Refusal("absent", "This notebook is write-only")

    return act
"""


def _notes(domain: str) -> Model:
    text = NOTES.read_text(encoding="utf-8") + f"\nsandbox: {{domain: {domain}}}\n"
    return load_text(text, "notes.yaml")


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a package with the domain `notebook`."""
    (tmp_path / "notebook_domain.py").write_text(DOMAIN, encoding="utf-8")
    info = tmp_path / "notebook-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: notebook\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        f"[{sandbox.DOMAINS}]\nnotebook = notebook_domain\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    sandbox._domains.cache_clear()
    yield
    sandbox._domains.cache_clear()
    sys.modules.pop("notebook_domain", None)


def _post(model: Model, text: bytes) -> Response:
    opened = inside(model).sandbox
    headers = (("Authorization", f"Bearer {opened.tokens['test']}"), ("Content-Type", "application/json"))
    answer = opened.handler(Request("POST", "/notes", headers, text))
    assert isinstance(answer, Response)
    return answer


@pytest.mark.usefixtures("notebook")
def test_domain_of_another_package_answers() -> None:
    answer = _post(_notes("notebook"), b'{"text": "Buy milk"}')
    assert (answer.status, answer.body) == (201, b'{"id":"n-1","text":"BUY MILK"}')


@pytest.mark.usefixtures("notebook")
def test_front_refuses_what_no_domain_sees() -> None:
    assert _post(_notes("notebook"), b'{"text": 7}').status == 422


def test_domain_that_no_package_has_is_an_error() -> None:
    with pytest.raises(PgagentsError, match="no installed package has the domain 'parkin'"):
        inside(_notes("parkin"))
