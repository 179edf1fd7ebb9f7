"""Questions about sentences of a document that promise something, such as "at most" or "only after"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.places import Pointer, value_at
from pgagents.base.text import SENTENCES, brief, split_words
from pgagents.importer.questions.question import LONGEST, Question, View, read_input

_WORDS = (
    "unique", "sum of", "at most", "at least", "must not", "must", "never", "only", "cannot", "until",
    "unless", "before", "after", "again", "twice", "rounded", "always", "restored", "removed", "replaces",
    "replaced", "ignored", "by default", "defaults to", "in utc",
)  # fmt: skip
"""Words of a promise, those that most often stand in one that can be proved first."""
_FOUND = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b", re.I)
_LAGS = re.compile(
    r"\b(?:eventual(?:ly)? consisten|(?:may|might|can) lag\b|replication lag|near[- ]real[- ]time)", re.I
)
_FORMS = {
    "unique": "the resource's `unique`",
    "again": "the resource's `unique`, or a workflow",
    "twice": "a workflow with the call twice",
    "until": "the resource's `moves`, or a workflow",
    "unless": "the resource's `moves`, or a law with `when`",
    "removed": "a workflow, or the resource's `gone_when`",
    "restored": "a workflow",
    "replaces": "a workflow, or a law that reads `before`",
    "replaced": "a workflow, or a law that reads `before`",
}
"""The form of an answer to a sentence with a word; a law for all others."""


def ask(view: View) -> Iterator[Question]:
    """Yield a question for each sentence about an action or a member, those with the strongest word first."""
    laws = view.list_laws()
    unique = {value_at(one, ("made_by", "action")) for one in view.resources.values() if one.get("unique")}
    found: list[tuple[int, Question]] = []
    lags = view.says(("behaviour", "reads_lag_s"))
    for at, name, text in _list_texts(view):
        for sentence in SENTENCES.split(text):
            if not lags and _LAGS.search(sentence) and len(sentence) <= LONGEST:
                lags, asks = True, "Within how many seconds does a read show what was written?"
                yield Question(
                    "sentence", asks, "behaviour", ("reads_lag_s: SECONDS",), at, sentence, complete=False
                )
            words = {match[0].lower() for match in _FOUND.finditer(sentence)}
            if not words or len(sentence) > LONGEST or _is_answered(view, name, sentence, laws):
                continue
            word = min(words, key=_WORDS.index)
            if (word == "unique" and name in unique) or _is_about_move(view, name, sentence):
                continue
            asks = f"Is this promised, and by which line: {_FORMS.get(word, 'a law')}?"
            lines = (f"{name}: {{laws: {{NAME: {{when: WHEN, that: THAT}}}}}}",)
            said = brief(" ".join(sentence.split()).rstrip(";"), LONGEST)
            made = Question("sentence", asks, "actions", lines, at, said, complete=False)
            found.append((_WORDS.index(word), made))
    seen: set[str] = set()
    for _, question in sorted(found, key=lambda pair: pair[0]):
        if question.because not in seen:
            seen.add(question.because)
            yield question


def _is_about_move(view: View, name: str, sentence: str) -> bool:
    """True if a sentence names a state of what an action moves, so that the question about states asks it."""
    words = set(split_words(sentence))
    moved = [one for one in view.resources.values() if name in (one.get("moves") or ())]
    return any(words.issuperset(split_words(str(s))) for one in moved for s in one.get("states") or ())


def _list_texts(view: View) -> Iterator[tuple[Pointer, str, str]]:
    """Yield each description of an action, its arguments and its answer's members, with the action's name."""
    for name, action in view.actions.items():
        at: Pointer = ("actions", name)
        yield (*at, "description"), name, str(action.get("description", ""))
        pages = action.get("pages")
        # import describes them
        paging = (pages.get("argument"), pages.get("size")) if isinstance(pages, Mapping) else ()
        for argument, param in read_input(action).items():
            if isinstance(param, Mapping) and argument not in paging:
                yield (*at, "input", argument), name, str(param.get("description", ""))
        for member, schema in view.read_answer(action).get("properties", {}).items():
            place = (*at, "input", member) if member in read_input(action) else (*at, "output")
            yield place, name, str(_describe(view, schema, member))


def _describe(view: View, schema: Any, member: str) -> str:
    """Return a member's description, with its name before it."""
    text = view.read(schema).get("description")
    return f"{member}: {text}" if isinstance(text, str) else ""


def _is_answered(view: View, name: str, sentence: str, laws: str) -> bool:
    """True if the author wrote about the action, and a law or a workflow names a member of the sentence."""
    if not view.says(("actions", name)) and name not in laws:
        return False
    words = re.findall(r"[A-Za-z_]{4,}", sentence)
    return any(re.search(rf"\.{re.escape(word)}\b", laws) for word in words)
