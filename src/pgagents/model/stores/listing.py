"""A store's listing of a plugin, with every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pgagents.source.origin import Text
from pgagents.source.source import Pointer


@dataclass(frozen=True, slots=True)
class Translation:
    """The texts of a listing in another language. A text that the catalogue lacks is empty."""

    subtitle: Text
    description: Text


@dataclass(frozen=True, slots=True)
class Icon:
    """An author's own icon: its path in the catalogue, and the bytes of its file.

    `suffix` is the path's ending in lower case, such as `.png`. If the file was not read, `raw` is empty and
    `problem` says why. `large` is true if the file is longer than the bytes read.
    """

    path: Text
    suffix: str
    raw: bytes = b""
    problem: str = ""
    large: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The texts of a plugin's page in a store. Absent texts are empty.

    `id` is the package's name, `name` the one that people see. `summary` is the short text, `description` the
    long one. `skills` are names of workflows; None if the author chose none. `countries` is None if the
    catalogue does not say, and empty for all countries. `icon` is None if there is no icon, or if the
    catalogue was read without its folder.
    """

    store: str
    id: Text
    version: Text
    name: Text
    subtitle: Text
    summary: Text
    description: Text
    category: Text
    capabilities: tuple[Text, ...]
    keywords: tuple[Text, ...]
    starters: tuple[Text, ...]
    skills: tuple[Text, ...] | None
    developer: Text
    email: Text
    developer_url: Text
    website: Text
    support: Text
    privacy: Text
    terms: Text
    colour: Text
    colour_dark: Text
    icon: Icon | None
    license: Text
    release_notes: Text
    countries: tuple[Text, ...] | None
    demo: Text
    commerce: Text
    translations: Mapping[str, Translation]
    origin: Pointer
