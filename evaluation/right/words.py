"""A dictionary on Litestar, by the document that Litestar makes: `python -m evaluation.right.words`.

PUT makes what is not there (201, then 200). The document declares Accept-Language, and writes bounds as
`1.0`. Cursors stand in `pageInfo`, a 204 has no body, and all errors have Litestar's one shape.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

import msgspec
from litestar import Litestar, Response, delete, get, put
from litestar.exceptions import NotFoundException, ValidationException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Server
from litestar.params import Parameter

from evaluation.right.listening import serve_asgi

Word = Annotated[str, Parameter(min_length=1, max_length=30, pattern="^[a-z]+$", description="The word")]
Language = Annotated[
    Literal["en", "de"], Parameter(header="Accept-Language", description="The language of the label")
]
LABELS = {"en": "word", "de": "Wort"}


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """A body of PUT."""

    meaning: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    weight: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1


class Described(msgspec.Struct):
    """A word of the dictionary."""

    word: str
    meaning: str
    weight: int


class Labelled(Described):
    """A word with the name of its kind in the client's language."""

    label: str


class PageInfo(msgspec.Struct, rename="camel"):
    """The end of a page, and whether another one follows."""

    end_cursor: str | None
    has_next_page: bool


class Page(msgspec.Struct, rename="camel"):
    """Some words."""

    nodes: list[Described]
    page_info: PageInfo
    total_count: int


class Problem(msgspec.Struct):
    """Any error."""

    status_code: int
    detail: str


ERRORS = {404: ResponseSpec(Problem, generate_examples=False, description="There is no such word")}
WORDS = {
    name: Described(name, f"Meaning of {name}", number + 1)
    for number, name in enumerate(("ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak"))
}


def find(word: str) -> Described:
    """Return a word, or refuse the call."""
    if word not in WORDS:
        raise NotFoundException("there is no such word")
    return WORDS[word]


@get("/words", operation_id="listWords", summary="List the words in the order of the alphabet")
async def list_words(
    first: Annotated[int, Parameter(ge=1, le=20, description="So many at most")] = 4,
    after: Annotated[str | None, Parameter(max_length=60, description="pageInfo.endCursor of a page")] = None,
) -> Page:
    """Answer the words behind a cursor."""
    try:
        last = base64.b64decode(after.encode(), b"-_", validate=True).decode() if after is not None else ""
    except (ValueError, binascii.Error):
        raise ValidationException("after is not a cursor of this list") from None
    behind = sorted(name for name in WORDS if name > last)
    names = behind[:first]
    cursor = base64.urlsafe_b64encode(names[-1].encode()).decode() if names else None
    info = PageInfo(cursor, len(behind) > first)
    return Page([WORDS[name] for name in names], info, len(WORDS))


@get("/words/{word:str}", operation_id="getWord", summary="Read a word", responses=ERRORS)
async def get_word(word: Word, language: Language = "en") -> Labelled:
    """Answer one word."""
    found = find(word)
    return Labelled(found.word, found.meaning, found.weight, LABELS[language])


@put(
    "/words/{word:str}",
    operation_id="putWord",
    summary="Write a word, whether it is there or not",
    responses={201: ResponseSpec(Described, generate_examples=False, description="It is new")},
)
async def put_word(word: Word, data: Entry) -> Response[Described]:
    """Keep a word."""
    status = 200 if word in WORDS else 201
    WORDS[word] = Described(word, data.meaning, data.weight)
    return Response(WORDS[word], status_code=status)


@delete("/words/{word:str}", operation_id="deleteWord", summary="Remove a word", responses=ERRORS)
async def delete_word(word: Word) -> None:
    """Forget a word."""
    find(word)
    del WORDS[word]


app = Litestar(
    [list_words, get_word, put_word, delete_word],
    openapi_config=OpenAPIConfig(title="Words", version="1", servers=[Server(url="http://127.0.0.1:8000")]),
)

if __name__ == "__main__":
    serve_asgi(app)
