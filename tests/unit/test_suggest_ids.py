"""Suggested laws of ids with one value, filled members, versions and spans."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from pgagents.catalogue.load import load_text
from pgagents.suggest.mine import mine
from pgagents.suggest.samples import Sample, Samples

DRIVE = """
pgagents: 1
api:
  {id: drive, title: Drive, version: 1.0.0, server: "https://drive.example", contact: a@drive.example,
   logo: "https://drive.example/logo.svg", terms: "https://drive.example/t", privacy: "https://drive.example/p",
   for_people: Files., for_models: Files of a workspace.}
security: []
errors: {codes: {bad: {status: 400, meaning: Something is wrong with the call}}, framework: {invalid: bad}}
schemas:
  File:
    title: File
    description: A file
    required: [id, workspace, region, url, version, expires_at, closed_at]
    properties:
      id: {type: string, description: Its id}
      workspace: {type: string, description: Where it is}
      region: {type: string, description: Where}
      url: {type: string, description: Its page}
      version: {type: integer, description: The number of its content}
      expires_at: {type: string, format: date-time, description: When it goes}
      closed_at: {type: [string, "null"], format: date-time, description: When it was closed}
actions:
  close:
    title: Close a file
    description: Closes a file.
    http: POST /files
    content_type: multipart/form-data
    effect: write
    input:
      workspace: {type: string, required: true, refers_to: place, description: Where it is}
      region: {type: string, required: true, description: Where}
      minutes: {type: integer, minimum: 1, description: For how long}
      content:
        {type: string, format: binary, media: [text/plain, image/png], max_bytes: 1024, description: Data}
    output: {200: {$ref: File, description: The file}}
    errors: [bad]
  look:
    title: Look at a workspace
    description: Looks at a workspace.
    http: GET /workspaces/{workspace}
    effect: read
    input: {workspace: {type: string, required: true, refers_to: place, description: Which}}
    output: {200: {description: It, required: [name], properties: {name: {type: string, description: Name}}}}
    errors: [bad]
resources:
  place: {id: name, read_by: {action: look, input: {workspace: =resource.name}, at: response}}
"""
NOW = 1_767_225_600.0


@cache
def drive() -> Any:
    return load_text(DRIVE, "drive.yaml")


def told(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def laws(count: int = 12, *, given: Any = None, before: Any = None, **other: Any) -> list[str]:
    """Return what is proposed of some calls. Values are functions of the call's number, or constants."""
    samples = Samples.of(drive())
    for n in range(count):
        now = NOW + 1_000.0 * n
        file = {
            "id": f"file_{n:04d}", "workspace": "atlas", "region": "north",
            "url": f"http://127.0.0.1:8000/f/file_{n:04d}",
            "version": 2, "expires_at": told(now + 900.0), "closed_at": told(now + 1.0),
            **{k: v(n) if callable(v) else v for k, v in other.items()},
        }  # fmt: skip
        sent = {"workspace": "atlas", "region": "north", "content": "data:text/plain;base64,aGk="}
        was = {
            **file,
            "version": 1,
            "closed_at": None,
            **{k: v(n) if callable(v) else v for k, v in (before or {}).items()},
        }
        values = {
            "input": {**sent, **(given or {})}, "response": file, "status": 200, "surface": "rest",
            "now": now, "before": was, "env": {}, "headers": {},
        }  # fmt: skip
        samples.by_action.setdefault("close", []).append(Sample("close", "close@rest", n, values))
    return [law.that for proposal in mine(drive(), samples) for law in proposal.write()]


WORKSPACE = "response.workspace == input.workspace"


def test_one_id_is_told_back() -> None:
    assert WORKSPACE in laws()


def test_an_argument_that_names_no_instance_needs_more_than_one_value() -> None:
    assert not [law for law in laws() if "input.region" in law]


def test_one_id_that_another_text_has_too_shows_nothing() -> None:
    assert WORKSPACE not in laws(url="atlas")


def test_one_id_that_one_call_does_not_tell_is_no_law() -> None:
    assert WORKSPACE not in laws(workspace=lambda n: "atlas" if n else "other")


def test_few_calls_show_no_id() -> None:
    assert WORKSPACE not in laws(2)


CLOSED = "response.closed_at != null"


def test_a_write_fills_a_member() -> None:
    assert CLOSED in laws()


def test_a_member_that_was_there_before_or_stays_null_shows_no_filling() -> None:
    assert CLOSED not in laws(before={"closed_at": told(NOW)})
    assert CLOSED not in laws(closed_at=lambda n: told(NOW) if n else None)


ONE_MORE = "response.version == before.version + 1.0"


def test_a_version_rises_by_one() -> None:
    assert ONE_MORE in laws()
    assert ONE_MORE in laws(version=lambda n: n + 2, before={"version": lambda n: n + 1})


def test_a_version_that_stays_or_leaps_once_rises_by_no_law() -> None:
    assert ONE_MORE not in laws(version=lambda n: 2 if n else 1)
    assert ONE_MORE not in laws(3)


SPAN = "near(epoch(response.expires_at), now + 900.0, 5.0)"


def test_a_time_is_always_as_long_after_the_call() -> None:
    assert SPAN in laws()


def test_a_span_that_a_number_explains_or_that_varies_is_no_constant() -> None:
    assert SPAN not in laws(given={"minutes": 15})
    assert SPAN not in laws(expires_at=lambda n: told(NOW + 1_000.0 * n + (900.0 if n else 1_800.0)))
