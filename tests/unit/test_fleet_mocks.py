"""The catalogues with which fleets are measured differ, are valid, and have servers that answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluation.fleet.catalogues import ENDINGS, make_catalogue, write_catalogue

from pgagents.cli.main import main

APIS = 500
EVERY = 13
"""Lint reads one of so many, so that no part that the number gives in turn is the same in all of them."""


def test_no_two_catalogues_are_alike_and_each_is_the_same_again() -> None:
    texts = [write_catalogue(number) for number in range(40)]
    assert len(set(texts)) == len(texts)
    assert texts[7] == write_catalogue(7)
    shapes = {
        tuple(sorted(a["http"].split()[0] for a in make_catalogue(n)["actions"].values())) for n in range(40)
    }
    assert len(shapes) >= 8


@pytest.mark.parametrize("number", range(len(ENDINGS) + 1))
def test_a_catalogue_is_valid_by_lint(number: int, tmp_path: Path) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(write_catalogue(number), encoding="utf-8")
    assert main(["lint", str(path)]) == 0


@pytest.mark.matrix
def test_all_catalogues_of_the_measure_are_valid_and_differ(tmp_path: Path) -> None:
    texts = [write_catalogue(number) for number in range(APIS)]
    assert len(set(texts)) == APIS
    assert len({make_catalogue(number)["api"]["id"] for number in range(APIS)}) == APIS
    paths = [tmp_path / f"{number}.yaml" for number in range(0, APIS, EVERY)]
    for path, text in zip(paths, texts[::EVERY], strict=True):
        path.write_text(text, encoding="utf-8")
    wrong = [path.name for path in paths if main(["lint", str(path)]) != 0]
    assert not wrong
