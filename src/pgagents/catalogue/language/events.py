"""Outgoing events as written in the catalogue: their types, envelopes and signatures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pgagents.catalogue.language.basics import (
    Cited,
    JsonName,
    Line,
    Name,
    Strict,
)


class Event(Cited):
    """One type of outgoing event."""

    description: Line = Field(description="When the event is sent.")
    data: Name | None = Field(None, description="The schema (under `schemas`) of the event's data.")
    by: list[Name] = Field(
        default=[],
        description=(
            "Actions that send the event when they succeed; without any, the event of a job's resource is "
            "sent when the job ends."
        ),
    )
    about: Name | None = Field(
        None, description="The resource that the event's data shows, as the action or the job left it."
    )


class Signature(Strict):
    """The signature of outgoing events."""

    header: str | None = Field(
        None, description="The header with the signature; the default is the usual one of the format."
    )
    scheme: Name = Field(
        "t_v1_hmac_sha256",
        description=(
            "The format: `t_v1_hmac_sha256` (Stripe), `hub_sha256` (GitHub), `slack_v0`, or "
            "`standard_webhooks`."
        ),
    )
    tolerance_s: Annotated[int, Field(gt=0)] = Field(
        300, description="Seconds by which a signature's time may be in the past or in the future."
    )


VersionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class WebhookVersion(Strict):
    """Another envelope, for the webhooks that are registered for it."""

    envelope: Name = Field(description="The schema (under `schemas`) of every delivery of this version.")
    id_at: JsonName | None = Field(
        None, description="Its member with the event's id; the default is that of `webhooks`."
    )
    type_at: JsonName | None = Field(
        None, description="Its member with the event's type; the default is that of `webhooks`."
    )
    data_at: JsonName | None = Field(
        None, description="Its member with the event's data; the default is that of `webhooks`."
    )


class Webhooks(Cited):
    """Events that the API sends out."""

    envelope: Name = Field(description="The schema (under `schemas`) of every delivery.")
    signature: Signature | None = Field(
        None, description="How a delivery is signed; without it, deliveries are not signed."
    )
    registered_by: Name = Field(description="The action that registers a receiver.")
    url: Name = Field("url", description="The argument with the receiver's URL.")
    types: Name = Field("events", description="The argument with the list of event types to send.")
    secret_at: str | None = Field(
        None,
        description="The path in the answer of the secret that signs deliveries, such as `webhook.secret`.",
    )
    id_at: JsonName | None = Field(
        None,
        description=(
            "The envelope's member with the event's id, which a redelivery repeats; the default is the "
            "header for it if the signature's format has one, such as `webhook-id`, otherwise `id`."
        ),
    )
    type_at: JsonName = Field("type", description="The envelope's member with the event's type.")
    data_at: JsonName = Field("data", description="The envelope's member with the event's data.")
    version: Name | None = Field(
        None, description="The argument of `registered_by` that picks the version of the envelope."
    )
    versions: dict[VersionName, WebhookVersion] = Field(
        {},
        description=(
            "Other envelopes, by the value of that argument; webhooks of any other value get `envelope`."
        ),
    )
    within_s: Annotated[int, Field(gt=0)] = Field(
        30, description="Seconds after the action within which an event is sent."
    )
    again_within_s: Annotated[int, Field(gt=0)] | None = Field(
        None,
        description=(
            "Seconds within which a failed delivery is repeated; without it, no repetition is promised."
        ),
    )
    targets: Literal["public", "any"] = Field(
        "any",
        description=(
            "`public`: receivers over plain http and at private, loopback and link-local addresses are "
            "refused."
        ),
    )
    events: dict[str, Event] = Field(min_length=1, description="Event types by name.")
