"""All questions about a catalogue in their order: what a run and vendors need, then shapes and prose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from pgagents.base.places import value_at
from pgagents.base.text import brief
from pgagents.importer.nature import find_reading_word
from pgagents.importer.questions import prose, shapes
from pgagents.importer.questions.question import Kind, Question, View
from pgagents.importer.text import scalar

MOST_NAMED = 3
"""Number of actions that one question names."""
_DOUBTS = {"costs": "may_cost", "sends": "may_send"}
"""The author's word, and the key with which import says why it may be so."""
MOST = 40
"""Most questions at once: nobody answers more."""
MOST_TOLD = 3


def list_questions(view: View, most: int = MOST) -> tuple[Question, ...]:
    """Return at most so many questions, the most telling first, about nothing that the author has written."""
    return tuple(islice(chain(ask(view), _ask_about_promises(view)), most))


def list_told(view: View) -> tuple[str, ...]:
    """Return the first questions for the end of a run's report, each with its first line."""
    asked = islice(_ask_about_promises(view), MOST_TOLD)
    return tuple(f"{question.asks} `{question.section}: {{{question.answer[0]}}}`" for question in asked)


def _ask_about_promises(view: View) -> Iterator[Question]:
    """Yield the questions of shapes, then those of sentences about anything else."""
    asked = set()
    for question in shapes.ask(view):
        asked.add(question.at)
        yield question
    for question in prose.ask(view):
        if question.at not in asked:
            yield question


# -- what a run and the vendors need


def ask(view: View) -> Iterator[Question]:
    """Yield at most seven questions about the server, keys, codes, and what calls cost or do."""
    if view.guesses(("api", "server")):
        yield Question("server", "Where does the API run?", "api", ("server: https://api.example.com",))
    if view.guesses(("api", "contact")):
        asks = "Who answers for it? Vendors show this address."
        yield Question("contact", asks, "api", ("contact: support@example.com",))
    yield from _ask_about_keys(view)
    if view.guesses(("errors", "code_at")):
        asks = "Which member of an error says its code? Without one, only the status tells errors apart."
        yield Question("code", asks, "errors", ("code_at: code",))
    yield from _ask_about_actions(view)


def _ask_about_keys(view: View) -> Iterator[Question]:
    auth = view.data.get("auth")
    schemes = (auth.get("schemes") if isinstance(auth, Mapping) else None) or {}
    for name, scheme in schemes.items() if isinstance(schemes, Mapping) else ():
        if not isinstance(scheme, Mapping) or scheme.get("type") not in ("bearer", "api_key"):
            continue
        if "prefixes" in scheme:
            continue
        answer = f"schemes: {{{scalar(str(name), flow=True)}: {{prefixes: {{test_: test, live_: live}}}}}}"
        asks = "How do test keys begin, and live ones? verify then never writes with a live key."
        yield Question("keys", asks, "auth", (answer,), ("auth", "schemes", str(name)))
        return


def _ask_about_actions(view: View) -> Iterator[Question]:
    """Yield the questions about what actions cost, read and do. Each names a few of them."""
    spending: list[tuple[str, str]] = []
    reading: list[tuple[str, str]] = []
    moving: list[tuple[str, str]] = []
    first: Mapping[str, Any] = {}
    makers = {value_at(resource, ("made_by", "action")) for resource in view.resources.values()}
    for name, action in view.actions.items():
        method, _, path = str(action.get("http", "")).partition(" ")
        if view.says(("actions", name, "effect")) or action.get("effect") != "write":
            continue
        if method == "GET":
            moving.append((name, "effect: read"))
        elif doubts := [key for key, may in _DOUBTS.items() if may in action and key not in action]:
            first = first or action
            spending.append((name, f"{doubts[0]}: false"))
        elif find_reading_word(method, path, name) and not (
            name in makers or 201 in action.get("output", ())
        ):
            reading.append((name, "effect: read"))
    reason = brief(str(first.get("may_cost") or first.get("may_send")), 60)
    spends = f"Do these spend money or send something ({reason})? verify waits for your word."
    yield from _name_each("costs", spends, spending)
    reads = "Do these only read? Then verify needs no --allow-writes for them, and nobody is asked."
    yield from _name_each("reads", reads, reading)
    acts = "Do these GETs really act? If one only reads, say so, and verify calls it."
    yield from _name_each("acts", acts, moving)


def _name_each(kind: Kind, asks: str, answers: Sequence[tuple[str, str]]) -> Iterator[Question]:
    """Yield a question with a line for each of the first actions, and how many there are besides."""
    if not answers:
        return
    lines = [f"{name}: {{{answer}}}" for name, answer in answers[:MOST_NAMED]]
    if len(answers) > MOST_NAMED:
        lines[-1] += f"  # and {len(answers) - MOST_NAMED} more: `pgagents lint` names them"
    yield Question(kind, asks, "actions", tuple(lines), ("actions", answers[0][0]))
