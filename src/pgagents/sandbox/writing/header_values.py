"""Headers of a catalogue that answers carry: the constant ones, and new values for the others."""

from __future__ import annotations

import random
from typing import Any

from pgagents.jsonschema.schema import validator
from pgagents.model.model import Header, Model
from pgagents.sandbox.answers import constants, list_varying, request_id_header
from pgagents.sandbox.keys import word


class HeaderValues:
    """Values of the declared headers of a catalogue. Each header's schema is compiled once."""

    def __init__(self, model: Model, rng: random.Random) -> None:
        self._model = model
        self._rng = rng
        self._id_header = next((h for h in model.headers if h.name == request_id_header(model)), None)
        self._constants: dict[tuple[int, bool, bool], list[tuple[str, str]]] = {}
        self._due: dict[tuple[int, bool, bool], list[Header]] = {}
        self._validators: dict[str, Any] = {}

    def make_request_id(self) -> str:
        """Return a new request id in the form that the catalogue gives its header."""
        usual = "req_" + word(self._rng, 20)
        if self._id_header is None or self._validator(self._id_header).is_valid(usual):
            return usual
        return self.make(self._id_header)

    def list_constants(self, status: int, *, keyed: bool, secure: bool) -> list[tuple[str, str]]:
        """Return the headers of an answer that always have the same value."""
        key = (status, keyed, secure)
        if key not in self._constants:
            self._constants[key] = constants(self._model, status, keyed=keyed, secure=secure)
        return self._constants[key]

    def make_due(self, status: int, known: set[str], *, keyed: bool, secure: bool) -> list[tuple[str, str]]:
        """Return the required headers of an answer that are not in `known`, each with a new value.

        `known` has names in lower case.
        """
        key = (status, keyed, secure)
        if key not in self._due:
            self._due[key] = list_varying(self._model, status, keyed=keyed, secure=secure)
        return [(h.name, self.make(h)) for h in self._due[key] if h.name.lower() not in known]

    def make(self, header: Header) -> str:
        """Return a new value of a header, by its schema's pattern or format if there is one."""
        from pgagents.sandbox.mock.ids import candidates
        from pgagents.sandbox.mock.sample import sample

        check = self._validator(header)
        named = candidates("", header.schema, self._rng) if {"pattern", "format"} & set(header.schema) else ()
        made = next((value for value in named if check.is_valid(value)), None)
        return str(sample(header.schema, self._model.schemas, 0.0) if made is None else made)

    def _validator(self, header: Header) -> Any:
        found = self._validators.get(header.name)
        if found is None:
            found = self._validators[header.name] = validator(header.schema, self._model.schemas)
        return found
