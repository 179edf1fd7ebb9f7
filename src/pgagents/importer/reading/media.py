"""Choose among the media types of a body, and decide which of them a catalogue's calls can send."""

from __future__ import annotations

from pgagents.encoding.medium import medium_of
from pgagents.http import media_type_of

JSON = "application/json"


def choose_media(media: list[str]) -> str:
    """Return the preferred media type: JSON if there is any, then a form, then the first."""

    def rank(name: str) -> int:
        plain = media_type_of(name)
        return (
            0
            if plain == JSON
            else 1
            if is_json(name)
            else 2
            if plain == "*/*"
            else 3
            if "form" in plain
            else 4
        )

    return min(media, key=rank)


def is_json(media: str) -> bool:
    """True if a body of this type is JSON."""
    plain = media_type_of(media)
    return plain == JSON or plain.endswith("+json") or plain in ("*/*", "text/json")


def is_sendable(media: str) -> bool:
    """True if a catalogue's calls can send a body of this type."""
    return is_json(media) or medium_of(media.partition(";")[0]) is not None
