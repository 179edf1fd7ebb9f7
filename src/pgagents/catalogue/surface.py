"""The catalogue as it is written: pydantic classes for the YAML, sugar and all.

`schemas/catalogue.schema.json` is made from these, so every `description` here is what an editor shows.
Sugar is undone in `before` validators, so that the classes have one form of everything.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pgagents.catalogue.actions import Action
from pgagents.catalogue.basics import Json, Line, Name, Schema, Slug, Strict, Url
from pgagents.catalogue.offers import Idempotency, Retention, Surface, Webhooks
from pgagents.catalogue.platform import Api, Auth, Errors, Header, Limits, Points
from pgagents.catalogue.resources import Resource, Workflow


class Sandbox(Strict):
    """How the running sandbox gets its behaviour."""

    domain: Name | None = Field(None, description="A domain module of the sandbox; without one, answers come from examples and schemas.")


class Operator(Strict):
    """Operator's endpoints: their own block and server; no agent surface has them."""

    server: Url | None = None
    description: Line | None = None
    clock: Name | None = Field(None, description="The action that moves the clock.")
    actions: dict[Name, Action] = {}


class Catalogue(Strict):
    """An API as its agents' integrations need it, stated once."""

    pgagents: Literal[1]
    api: Api
    auth: Auth
    limits: Limits = Limits()
    errors: Errors
    headers: dict[str, Header] = Field(default={}, description="Headers of answers, by name.")
    points: Points = Points()
    env: dict[Name, Json] = Field(default={}, description="Defaults of what a target's environment file may set: `place`, and so on.")
    schemas: dict[Name, Schema] = {}
    actions: dict[Name, Action] = Field(min_length=1)
    operator: Operator | None = None
    groups: dict[Name, list[Name]] = {}
    surfaces: dict[Name, Surface] = {}
    resources: dict[Name, Resource] = {}
    workflows: dict[Slug, Workflow] = {}
    webhooks: Webhooks | None = None
    idempotency: Idempotency = Idempotency()
    retention: dict[Slug, Retention] = {}
    sandbox: Sandbox = Sandbox()
    excluded: dict[str, Line] = Field(default={}, description="What a source page says and this catalogue leaves out, with the reason.")
