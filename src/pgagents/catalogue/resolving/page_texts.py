"""Describe in an argument's description how to request the next page, unless the author does."""

from __future__ import annotations

from pgagents.cel.expression import Expression
from pgagents.cel.reading import place_of
from pgagents.model.pages import Pages
from pgagents.source.origin import Node, Text, origin_of


def add_page_sentence(node: Node, pages: Pages) -> None:
    """Add the source of the next page's value to the description of the argument."""
    said = node.get("description", "")
    sentence = _describe_next(pages, said)
    if sentence is not None:
        whole = f"{said.rstrip('. ')}. {sentence}" if said else sentence
        node["description"] = Text(whole, origin_of(said) or (*pages.origin, "next"))


def _describe_next(pages: Pages, said: str) -> str | None:
    """Return a sentence about the next page. None if the text `said` already names the source."""
    name, *place = place_of(pages.next.tree) or ("",)
    if -1 in place and name == "response":
        last, member = place[: place.index(-1)], place[place.index(-1) + 1 :]
        words, sentence = ["last"], f"For the next page: {_of(member)}the last item of {_path(last)}"
    elif name == "response":
        words, sentence = [str(place[-1])], f"For the next page: {_path(place)} of the page before"
        if pages.is_url:
            sentence = f"For the next page: as in the URL {_path(place)} of the page before"
    elif name == "headers":
        words = [str(place[0])]
        header = f"the header {place[0].title() if isinstance(place[0], str) else place[0]}"
        sentence = f"For the next page: as in the URL that {header} gives for `{place[-1]}`"
        sentence = sentence if pages.is_url else f"For the next page: {header} of the page before"
    else:
        words, sentence = ["page", "skip", "offset"], f"For the next page: {pages.next.wording}"
    if any(word.lower() in said.lower() for word in words):
        return None
    return f"{sentence}{_while(pages.more)}. Leave it out for the first page."


def _of(member: list[str | int]) -> str:
    return f"`{'.'.join(map(str, member))}` of " if member else ""


def _path(place: list[str | int]) -> str:
    return f"`{'.'.join(map(str, place))}`" if place else "the list"


def _while(more: Expression | None) -> str:
    """Describe in the answer's words the condition under which there is a next page."""
    if more is None:
        return ""
    return f", while {more.wording}"
