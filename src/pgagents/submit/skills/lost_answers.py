"""Find what a skill says of a call whose answer did not come: the look-up before a repeat, and the key.

A sentence counts if it, or the heading above it, says in English that no answer came. Its first words in code
are the writes. A read that it has called is the look-up, and an argument that stays the same is the
key. Any other sentence is nobody's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgagents.submit.skills.text import NAME, Passage, Piece
from pgagents.submit.skills.words import Operation


@dataclass(frozen=True, slots=True)
class Advice:
    """Advice for one write. `look` is the read to call first, `key` the argument that stays the same.

    One of both is empty. `name` and `look_name` are the names as the text has them.
    """

    name: str
    write: Operation
    line: int
    look_name: str = ""
    look: Operation | None = None
    key: str = ""


_LOST = re.compile(
    r"\b(?:no|without an?|never (?:got|gets) an?)\s+(?:answer|response|reply)\b"
    r"|\b(?:answer|response|reply)\s+(?:(?:to|of|from)\s+\S+\s+)?(?:is|was|gets?|never|did not|does not)\s*"
    r"(?:lost|came?|comes?|arrived?|arrives?|missing)\b"
    r"|\btim(?:e[sd]?|ing) out\b|\btime-?outs?\b",
    re.I,
)
_AGAIN = re.compile(r"\b(?:again|repeat\w*|retry\w*|retries|re-?send\w*|re-?try\w*|first|before)\b", re.I)
_CALLED = re.compile(
    r"\b(?:call|check|use|run|invoke|look (?:at|in|into|with|up)|see|query|list|search|read|with)\b"
    r"(?:\s+[\w']+){0,3}\s*\**\Z",
    re.I,
)
_NOT = re.compile(r"\b(?:not|never|don't|no(?! (?:answer|response|reply)))\b[^.,;:]{0,40}\Z", re.I)
_SAME = re.compile(r"\b(?:same|identical)\s+\**\Z", re.I)
_END = re.compile(r"[.!?]\s+|\n\s*\n")


def list_advice(passage: Passage, named: Mapping[str, Operation]) -> Iterator[Advice]:
    """Yield what a paragraph or an item of a list advises after a lost answer."""
    repeats = bool(_AGAIN.search(passage.plain))
    lost = bool(_LOST.search(passage.heading)) and passage.plain != passage.heading
    writes: list[tuple[Piece, Operation]] = []
    for sentence in _split(passage.pieces):
        plain = "".join(piece.text for piece in sentence)
        lost = lost or bool(_LOST.search(plain))
        found = [
            (at, piece, named[piece.text]) for at, piece in enumerate(sentence) if _is_tool(piece, named)
        ]
        own = [(piece, operation) for _, piece, operation in found if not operation.reads]
        writes = own or writes
        if not (lost and writes and repeats):
            continue
        for at, piece, operation in found:
            before = sentence[at - 1].text if at and not sentence[at - 1].code else ""
            if operation.reads and _CALLED.search(before) and not _NOT.search(before):
                for name, write in writes:
                    yield Advice(name.text, write, piece.line, piece.text, operation)
        for at, piece in enumerate(sentence):
            before = sentence[at - 1].text if at and not sentence[at - 1].code else ""
            is_key = piece.code and NAME.fullmatch(piece.text) and piece.text not in named
            if is_key and _SAME.search(before) and not _NOT.search(before):
                for name, write in writes:
                    yield Advice(name.text, write, piece.line, key=piece.text)


def _is_tool(piece: Piece, named: Mapping[str, Operation]) -> bool:
    return piece.code and piece.text in named


def _split(pieces: Sequence[Piece]) -> Iterator[tuple[Piece, ...]]:
    """Yield the pieces of each sentence. A full stop ends one only outside of code."""
    sentence: list[Piece] = []
    for piece in pieces:
        if piece.code:
            sentence.append(piece)
            continue
        *ended, rest = _END.split(piece.text)
        for text in ended:
            yield (*sentence, Piece(text, False, piece.line))
            sentence = []
        sentence.append(Piece(rest, False, piece.line))
    if sentence:
        yield tuple(sentence)
