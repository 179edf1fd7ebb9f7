"""Check the references of a page for trying an action: its arguments, displayed members and sample places."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.surfaces import Page, Surface
from pgagents.source.source import Pointer

NAMED = "widget"
"""The name of the surface from which the page is generated."""


def run(checker: Checker, pointer: Pointer, surface: Surface) -> None:
    """Record unknown names, and a page for anything other than one reading action."""
    page = surface.page
    if page is None:
        if pointer[-1] == NAMED and checker.sound(pointer):
            checker.report(
                pointer,
                "surface",
                f"the surface `{NAMED}` needs `page`",
                "say what its form and its table show",
                at_value=False,
            )
        return
    if pointer[-1] != NAMED:
        checker.report(
            (*pointer, "page"),
            "surface",
            f"only the surface `{NAMED}` has a page",
            "move it there",
            at_value=False,
        )
    if not isinstance(surface.actions, list) or len(surface.actions) != 1:
        if checker.sound((*pointer, "actions")):
            checker.report(
                (*pointer, "actions"),
                "surface",
                "a page is for one action",
                "name it: `actions: [NAME]`",
                at_value=False,
            )
        return
    _check_action(checker, pointer, page, surface.actions[0])


def _check_action(checker: Checker, pointer: Pointer, page: Page, name: str) -> None:
    """Record unknown names of the page's action and dispatcher, and an action that writes."""
    action = checker.written.actions.get(name)
    if action is None:
        return
    if checker.check_reference((*pointer, "page", "dispatcher"), page.dispatcher, ("surfaces",), "surface"):
        _dispatcher(checker, pointer, page, name)
    if action.effect.value != "read":
        checker.report(
            (*pointer, "actions", 0),
            "surface",
            f"`{name}` writes; a page for trying calls out only reads",
            "name an action that reads",
        )
    for key in ("lat", "lng", "radius_km"):
        checker.check_reference(
            (*pointer, "page", key), getattr(page, key), ("actions", name, "input"), "argument"
        )
    checker.arguments((*pointer, "page", "labels"), page.labels, name)
    for place, arguments in page.places.items():
        checker.arguments((*pointer, "page", "places", place), arguments, name)


def _dispatcher(checker: Checker, pointer: Pointer, page: Page, action: str) -> None:
    """Check that the page's dispatcher offers its action."""
    through = checker.written.surfaces.get(page.dispatcher)
    if through is None:
        return
    at = (*pointer, "page", "dispatcher")
    named = (
        through.actions if isinstance(through.actions, list) else checker.written.groups.get(through.actions)
    )
    if not through.http:
        checker.report(
            at, "surface", f"`{page.dispatcher}` is no dispatcher", "name a surface that has `http`"
        )
    elif named is not None and action not in named:
        checker.report(
            at, "surface", f"`{action}` is no action of the dispatcher `{page.dispatcher}`", "add it there"
        )
