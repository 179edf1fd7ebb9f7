"""A draft of the plugin for Claude, made of what an OpenAPI document says: the plugin's folder in one zip.

A listing needs answers that no document has, so a catalogue that lies over one has no listing by default.
The draft shows what the plugin would be, and `DRAFT.md` in it asks the rest. Claude Code loads the unpacked
folder, as its format asks a name alone (https://code.claude.com/docs/en/plugins-reference, read 2026-11-21).
A store gets the plugin of a listing that its author wrote, never this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pgagents.base.places import Pointer, Text
from pgagents.catalogue.model.listing import Listing
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build
from pgagents.generate.package import pack_files

PART = ("surfaces.anthropic", "surfaces.mcp")
"""The parts of the catalogue that the package requires."""
OUTPUT = "claude_plugin/draft.zip"
NEEDS = ("anthropic/tools.json",)
"""A file of the surface, so that a build of other targets makes no draft."""
LICENSE = "claude_plugin/LICENSE"
"""A file that says under which terms others may use the package. No document says that."""
STORE = "anthropic"
FOLDER = "claude_plugin"
_ANYWHERE: Pointer = ("surfaces", STORE)


def applies(model: Model) -> bool:
    """Return True if nobody wrote a listing, nor the surface that would have it."""
    surface = model.surfaces[STORE]
    return surface.listing is None and model.source.is_from_document(_ANYWHERE)


def references(_model: Model) -> tuple[str, ...]:
    """Return nothing, because the plugin contains no id from a portal."""
    return ()


def list_questions(model: Model) -> tuple[str, ...]:
    """Return the questions whose answers the document does not have, each with the line that answers it."""
    listing = make_listing(model)
    asked = [
        ("Who is the developer? `developer: {name: …}`", ""),
        (
            "Where is the privacy policy? Claude's directory requires it: `privacy: https://…`",
            listing.privacy,
        ),
        ("Where do users get help? `support: https://…`", listing.support),
        ("To which address may they write? `developer: {email: …}`", listing.email),
        ("What are the terms of use? `terms: https://…`", listing.terms),
        ("Under which licence are the package's files? `license: …`", listing.license),
        ("Which icon is yours? `icon: icon.svg`; the one here has initials", ""),
    ]
    return tuple(question for question, answer in asked if not answer)


def pack(model: Model, files: Mapping[str, bytes], _ids: Mapping[str, str]) -> bytes:
    """Return the zip. `files` are the generated files by path; the plugin's own are built here."""
    del files
    surface = replace(model.surfaces[STORE], listing=make_listing(model))
    drafted = replace(model, surfaces={**model.surfaces, STORE: surface})
    built = build(drafted, only=(FOLDER,))
    prefix = f"{FOLDER}/"
    contents = {
        artifact.path.removeprefix(prefix): artifact.data
        for artifact in built.files
        if artifact.path.startswith(prefix) and artifact.path != LICENSE
    }
    return pack_files({**contents, "DRAFT.md": _write_questions(model).encode()})


def make_listing(model: Model) -> Listing:
    """Return the listing that a document's texts make. A text that they lack is empty."""
    api = model.api
    nothing = Text("", _ANYWHERE)
    summary = Text(str(api.for_people), ("api", "for_people"))
    guessed = model.source.is_guessed
    page = ("docs", api.docs) if api.docs else ("server", "" if guessed(("api", "server")) else api.server)
    contact = "" if guessed(("api", "contact")) else str(api.contact)
    return Listing(
        store=STORE,
        id=Text(str(api.id).lower(), ("api", "id")),
        version=Text(str(api.version), ("api", "version")),
        name=Text(str(api.title), ("api", "title")),
        subtitle=nothing,
        summary=summary,
        description=summary,
        category=nothing,
        capabilities=(),
        keywords=(),
        starters=(),
        skills=None,
        developer=Text(str(api.title), ("api", "title")),
        email=Text(contact, ("api", "contact")),
        developer_url=nothing,
        website=Text(str(page[1]), ("api", page[0])),
        support=nothing,
        privacy=Text(str(api.privacy or ""), ("api", "privacy")),
        terms=Text(str(api.terms or ""), ("api", "terms")),
        colour=nothing,
        colour_dark=nothing,
        icon=None,
        license=nothing,
        release_notes=nothing,
        countries=None,
        demo=nothing,
        commerce=nothing,
        translations={},
        origin=_ANYWHERE,
    )


def _write_questions(model: Model) -> str:
    lines = [
        f"# Draft of the plugin for {model.api.title}",
        "",
        "This plugin is a draft, made of what the OpenAPI document says. It is not for a store. Answer these",
        "questions in the catalogue, under `surfaces: {anthropic: {listing: …}}`:",
        "",
        *(f"- {question}" for question in list_questions(model)),
        "",
        "`pgagents build` then writes the plugin, and `pgagents submit --store claude` checks it for the",
        "directory.",
    ]
    return "\n".join(lines) + "\n"
