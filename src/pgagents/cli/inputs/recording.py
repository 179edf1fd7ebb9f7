"""Import recorded traffic (HAR) as an OpenAPI document, in bounded time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from pgagents.importer.catalogue import Choice, Imported
    from pgagents.importer.observed.recording import Recording

MAX_SECONDS = 60.0
HAR = "give a HAR file, such as a browser's network panel saves"


def import_recording(file: str, choice: Choice) -> Imported:
    """Return the catalogue of the API in a HAR. Raises InputError and PgagentsError."""
    from pgagents.cli.inputs.document import name_of
    from pgagents.cli.inputs.fetch import fetch
    from pgagents.cli.inputs.time_limit import within
    from pgagents.importer.catalogue import catalogue
    from pgagents.importer.observed.har import read_har
    from pgagents.importer.observed.recording import describe_recording
    from pgagents.importer.reading.document import read
    from pgagents.importer.reading.references import References

    name = name_of(file)
    raw = fetch(file)
    message = f"{name} takes longer than {MAX_SECONDS:g} s to import; that is the most allowed"
    with within(MAX_SECONDS, message, "record fewer calls"):
        recording = describe_recording(*read_har(read(raw, file, name, wanted=HAR).data))
        text = json.dumps(recording.document, ensure_ascii=False, indent=2)
        document = read(text.encode("utf-8", "replace"), "recording", "the document of the recording")
        return _mark(catalogue(References(document, _fetch_nothing, allowed=False), choice), recording)


def _fetch_nothing(_location: str) -> NoReturn:
    raise AssertionError("a document that was just made refers to no other")


def _mark(made: Imported, recording: Recording) -> Imported:
    """Return the catalogue with a comment at each action that states the number of recorded calls."""
    from pgagents.importer.invalid_parts import remove_invalid_parts
    from pgagents.importer.observed.recording import list_calls
    from pgagents.importer.reading.note import Notes

    notes = Notes()
    notes.made = dict.fromkeys(made.notes)
    for remark in recording.remarks:
        notes.infer(("actions",), remark)
    calls = list_calls(recording)
    for name, action in made.data["actions"].items():
        if count := calls.get(str(action.get("http", ""))):
            notes.infer(("actions", name), f"from {count:,} recorded {'call' if count == 1 else 'calls'}")
    text, model = remove_invalid_parts(made.data, notes)
    return replace(made, text=text, model=model, notes=tuple(notes.made))
