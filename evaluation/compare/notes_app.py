"""A service of a small team, with notes of its own and, by NOTES_BUGS, with planted bugs.

`NOTES_BUGS=crash,reset uvicorn evaluation.compare.notes_app:app` plants two of `BUGS`. Three notes are there
from the start, as a user's data would be. `GET /_state`, which the document does not have, says what became
of them.
"""

import itertools
import os
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, Field

BUGS = {
    "crash": "`POST /notes` answers 500 when `priority` is 5",
    "cursor": "`GET /notes` answers 500 when `cursor` is not a number",
    "reset": "`PATCH /notes/{id}` resets what the call does not name",
    "shared": "any key reads and changes anybody's note",
    "filter": "`GET /notes` ignores `tag`",
    "undeclared": "`GET /tags` answers a text where the document says an integer",
}
PLANTED = frozenset(filter(None, os.environ.get("NOTES_BUGS", "").split(",")))
USERS = {"nk_test_main": "main", "nk_test_second": "second"}
OWN = ("Shopping", "Ideas", "Meeting of Monday")

app = FastAPI(title="Notes", version="1.3.0", description="Notes with tags. A transcription costs money.")


class NoteIn(BaseModel):
    """The members of a note that a caller sends."""

    title: str = Field(min_length=1, max_length=120)
    body: str = ""
    tags: list[str] = []
    priority: int = Field(default=3, ge=1, le=5)


class NoteChange(BaseModel):
    """The members of a note that a caller changes. Members left out stay as they are."""

    title: str | None = Field(default=None, min_length=1, max_length=120)
    body: str | None = None
    tags: list[str] | None = None
    priority: int | None = Field(default=None, ge=1, le=5)


class Note(NoteIn):
    """A note as the service keeps it."""

    id: int
    created_at: datetime


class NotePage(BaseModel):
    """Some of the caller's notes."""

    items: list[Note]
    total: int
    next_cursor: str | None = None


class Tag(BaseModel):
    """A tag, and how many notes have it."""

    name: str
    count: int


class Recording(BaseModel):
    """A recording that is to be transcribed."""

    audio_url: str
    minutes: int = Field(ge=1, le=120)
    language: str = "en"


class Transcription(BaseModel):
    """A transcription that was ordered."""

    id: int
    note_id: int
    minutes: int
    cost_cents: int
    status: str = "queued"


class Problem(BaseModel):
    """An error."""

    detail: str


REFUSALS: dict[int | str, dict[str, Any]] = {401: {"model": Problem}, 404: {"model": Problem}}
numbers = itertools.count(1)
orders = itertools.count(1)
owners: dict[int, str] = {}
notes: dict[int, Note] = {}
counts = {"requests": 0, "paid": 0}


def _add(owner: str, note: NoteIn) -> Note:
    number = next(numbers)
    owners[number] = owner
    notes[number] = Note(id=number, created_at=datetime.now(UTC), **note.model_dump())
    return notes[number]


for title in OWN:
    _add("main", NoteIn(title=title, body="…", tags=["home" if title == OWN[0] else "work"]))
ORIGINAL = {number: note.model_copy(deep=True) for number, note in notes.items()}

header = APIKeyHeader(name="X-API-Key", auto_error=False)


def find_user(key: Annotated[str | None, Depends(header)]) -> str:
    """Return the caller's name."""
    if key not in USERS:
        raise HTTPException(401, "invalid key")
    return USERS[key]


User = Annotated[str, Depends(find_user)]


def find_note(number: int, user: str) -> Note:
    """Return a note of the caller."""
    if number not in notes or (owners[number] != user and "shared" not in PLANTED):
        raise HTTPException(404, "no such note")
    return notes[number]


@app.middleware("http")
async def count(request: Request, call_next: Any) -> Any:
    """Count the requests, but for those about the state."""
    counts["requests"] += request.url.path != "/_state"
    return await call_next(request)


@app.get("/notes", response_model=NotePage, responses={401: {"model": Problem}}, tags=["notes"])
def list_notes(
    user: User,
    tag: str | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> NotePage:
    """List your notes, newest last."""
    by_tag = tag is not None and "filter" not in PLANTED
    matches = [
        note for number, note in notes.items() if owners[number] == user and (not by_tag or tag in note.tags)
    ]
    if (
        cursor
        and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10)
        and "cursor" not in PLANTED
    ):
        raise HTTPException(
            422, [{"loc": ["query", "cursor"], "msg": "unknown cursor", "type": "value_error"}]
        )
    start = int(cursor) if cursor else 0
    end = start + limit
    return NotePage(
        items=matches[start:end], total=len(matches), next_cursor=str(end) if end < len(matches) else None
    )


@app.post("/notes", response_model=Note, status_code=201, responses={401: {"model": Problem}}, tags=["notes"])
def create_note(user: User, note: NoteIn) -> Note:
    """Create a note."""
    if "crash" in PLANTED and note.priority == 5:
        raise RuntimeError("no queue for priority 5")
    return _add(user, note)


@app.get("/notes/{note_id}", response_model=Note, responses=REFUSALS, tags=["notes"])
def get_note(user: User, note_id: int) -> Note:
    """Read one note."""
    return find_note(note_id, user)


@app.patch("/notes/{note_id}", response_model=Note, responses=REFUSALS, tags=["notes"])
def update_note(user: User, note_id: int, change: NoteChange) -> Note:
    """Change a note; what is left out stays as it is."""
    note = find_note(note_id, user)
    changed = {
        name: value for name, value in change.model_dump(exclude_unset=True).items() if value is not None
    }
    if "reset" in PLANTED and changed:
        changed = NoteIn(title=note.title).model_dump() | changed
    notes[note_id] = note.model_copy(update=changed)
    return notes[note_id]


@app.delete("/notes/{note_id}", status_code=204, responses=REFUSALS, tags=["notes"])
def delete_note(user: User, note_id: int) -> Response:
    """Delete a note."""
    find_note(note_id, user)
    del notes[note_id], owners[note_id]
    return Response(status_code=204)


@app.get("/tags", response_model=list[Tag], responses={401: {"model": Problem}}, tags=["tags"])
def list_tags(user: User) -> Any:
    """List your tags with the number of notes of each."""
    found: dict[str, int] = {}
    for number, note in notes.items():
        for tag in note.tags if owners[number] == user else ():
            found[tag] = found.get(tag, 0) + 1
    tags = [{"name": name, "count": number} for name, number in sorted(found.items())]
    if "undeclared" in PLANTED:
        from fastapi.responses import JSONResponse

        return JSONResponse([{**tag, "count": f"{tag['count']} notes"} for tag in tags])
    return tags


@app.put("/notes/{note_id}/tags/{name}", response_model=Note, responses=REFUSALS, tags=["tags"])
def tag_note(user: User, note_id: int, name: str) -> Note:
    """Put a tag on a note."""
    note = find_note(note_id, user)
    if name not in note.tags:
        note.tags.append(name)
    return note


@app.post(
    "/notes/{note_id}/transcriptions",
    response_model=Transcription,
    status_code=202,
    responses=REFUSALS,
    tags=["paid"],
)
def transcribe(user: User, note_id: int, recording: Recording) -> Transcription:
    """Transcribe a recording into the note. Costs 3 cents per minute of audio, charged at once."""
    find_note(note_id, user)
    counts["paid"] += 1
    return Transcription(
        id=next(orders), note_id=note_id, minutes=recording.minutes, cost_cents=3 * recording.minutes
    )


@app.get("/_state", include_in_schema=False)
def read_state() -> dict[str, int]:
    """Return what became of the service: requests, paid calls, own notes intact, notes that callers left."""
    intact = sum(notes.get(number) == note for number, note in ORIGINAL.items())
    return {**counts, "intact": intact, "left": len(set(notes) - set(ORIGINAL))}
