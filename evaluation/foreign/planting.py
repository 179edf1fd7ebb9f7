"""Bugs that a server of these tests can be started with: their list, the options, and those in effect."""

import argparse
from collections.abc import Mapping
from typing import NamedTuple


class Bug(NamedTuple):
    """A mistake that somebody made in a real server."""

    level: str  # easy, middling or subtle to notice
    wrong: str
    section: str  # of the prose, which forbids what a client sees
    seen: str
    thread: str
    batch: str = "first"  # the set in which it was written down


_planted: set[str] = set()


def planted(name: str) -> bool:
    """True if the server was started with this bug."""
    return name in _planted


def add_options(parser: argparse.ArgumentParser, bugs: Mapping[str, Bug]) -> None:
    """Add where to listen, and which bug to start with."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    parser.add_argument("--bug", choices=sorted(bugs), metavar="NAME", help="a bug to start with")
    parser.add_argument("--bugs", action="store_true", help="list the bugs")


def plant_or_list(options: argparse.Namespace, bugs: Mapping[str, Bug]) -> bool:
    """Switch the chosen bug on; or print all of them, and return True."""
    for name, bug in sorted(bugs.items()) if options.bugs else ():
        print(name, *bug, sep="\t")
    if options.bug:
        _planted.add(options.bug)
    return bool(options.bugs)
