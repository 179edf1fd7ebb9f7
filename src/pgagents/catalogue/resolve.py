"""Build the Model of a checked catalogue: names resolved, defaults filled in, origins kept."""

from __future__ import annotations

import hashlib

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.refusals.errors import make_sign
from pgagents.catalogue.language import (
    audit,
    catalogue,
    events,
)
from pgagents.catalogue.language.credentials import (
    find_carrier,
    find_certificate,
    find_user_scheme,
    list_used_schemes,
    needs_certificate,
)
from pgagents.catalogue.language.platform.addresses import Api, OwnServer, TemplateServer
from pgagents.catalogue.language.platform.behaviour import Header
from pgagents.catalogue.language.platform.limits import Bucket
from pgagents.catalogue.language.schemas import schema_node
from pgagents.catalogue.resolving.actions import Actions
from pgagents.catalogue.resolving.resources import Resources
from pgagents.model import model as m
from pgagents.model.answers.error_reader import ErrorReader
from pgagents.model.answers.limit_reader import LimitReader
from pgagents.model.code_flow import CodeFlow, make_code_flow
from pgagents.model.connection.certificate import ClientCertificate
from pgagents.model.connection.server import Server, Variable
from pgagents.model.credential import Credential, make
from pgagents.model.naming.placing import with_places
from pgagents.model.signature import schemes
from pgagents.source.origin import Text
from pgagents.source.source import Pointer, Source


def resolve(written: catalogue.Catalogue, source: Source, checker: Checker) -> m.Model:
    """Build the Model of a catalogue without problems."""
    return _Resolver(written, source, checker).model()


class _Resolver(Actions, Resources):
    def model(self) -> m.Model:
        written = self.written
        for base, block in self.checker.blocks():
            for name, action in block.items():
                self.actions[name] = self._action(name, action, (*base, name))
        self._add_provoking_calls()
        surfaces = {name: self._surface(name, surface) for name, surface in written.surfaces.items()}
        operator = written.operator
        credentials = self._credentials()
        return m.Model(
            source=self.source,
            sha256=hashlib.sha256(self.source.text.encode()).hexdigest(),
            api=written.api.model_copy(update={"server": written.api.base_url}),
            server=_main_server(written.api),
            servers={
                name: _server(name, one, ("api", "servers", name))
                for name, one in written.api.servers.items()
            },
            auth=written.auth,
            limits=written.limits,
            errors=self.errors,
            error_reader=self._reader(),
            limit_reader=LimitReader(written.limits, self.errors.framework.limited),
            behaviour=written.behaviour,
            env=written.env,
            schemas=self.schemas,
            secrets=frozenset(self.marks.secrets),
            private=frozenset(self.marks.private),
            codes=self.codes,
            buckets={name: self._bucket(name, b) for name, b in written.limits.buckets.items()},
            headers=tuple(self._header(name, h) for name, h in written.headers.items()),
            actions=tuple(self.actions[n] for n in written.actions),
            operator=tuple(self.actions[n] for n in (operator.actions if operator else ())),
            clock=self.actions[operator.clock] if operator and operator.clock else None,
            surfaces=surfaces,
            dispatchers=tuple(
                self._dispatcher(surfaces[n], sf) for n, sf in written.surfaces.items() if sf.http
            ),
            resources=with_places({name: self._resource(name, r) for name, r in written.resources.items()}),
            workflows=tuple(self._workflow(name, w) for name, w in written.workflows.items()),
            domain=written.sandbox.domain,
            credential=next(iter(credentials.values()), None),
            credentials=credentials,
            security=self.security,
            certificate=self._certificate(),
            certificate_shared=needs_certificate(written, written.security),
            code_flow=self._code_flow(),
            webhooks=_with_defaults(written.webhooks),
            idempotency=written.idempotency,
            retention=written.retention,
            audit=self._audit(written.audit),
            browsers=written.browsers,
        )

    def _credentials(self) -> dict[str, Credential]:
        schemes = self.written.auth.schemes
        return {
            name: make(name, schemes[name].model_dump(by_alias=True))
            for name in list_used_schemes(self.written)
        }

    def _certificate(self) -> ClientCertificate | None:
        name = find_certificate(self.written)
        if name is None:
            return None
        scheme = self.written.auth.schemes[name]
        return ClientCertificate(name, scheme.description or "", scheme.issue_at)

    def _code_flow(self) -> CodeFlow | None:
        scheme, carrier = find_user_scheme(self.written), find_carrier(self.written)
        if scheme is None or carrier is None:
            return None
        flows = self.written.auth.schemes[scheme].flows
        assert flows is not None
        return make_code_flow(flows.authorization_code, scheme, carrier, self.written.api.base_url)

    def _add_provoking_calls(self) -> None:
        """Add to each code the calls that provoke it.

        This needs all actions, and actions refer to codes, so it comes last.
        """
        for name, code in self.written.errors.codes.items():
            at = ("errors", "codes", name, "provoked_by")
            calls = {action: self._call(call, (*at, action)) for action, call in code.provoked_by.items()}
            self.provoked[name].update({action: call for action, call in calls.items() if call is not None})

    def _reader(self) -> ErrorReader:
        compiled = self.checker.expressions.get(("errors", "when"))
        sign = make_sign(self.errors.when or "", compiled.tree) if compiled is not None else None
        return ErrorReader(self.codes, self.errors.code_at, sign)

    def _bucket(self, name: str, b: Bucket) -> m.Bucket:
        at = ("limits", "buckets", name)
        return m.Bucket(
            name,
            b.requests,
            b.per_s,
            b.refill,
            b.of,
            self.checker.expressions.get((*at, "when")),
            Text(b.description or name, (*at, "description")),
            tuple(b.cite),
            at,
        )

    def _header(self, name: str, h: Header) -> m.Header:
        at = ("headers", name)
        return m.Header(
            name,
            Text(h.description, (*at, "description")),
            tuple(h.on),
            schema_node(self.data["headers"][name]["schema"], (*at, "schema")),
            h.const,
            tuple(h.cite),
            at,
            h.https,
        )

    def _audit(self, a: audit.Audit | None) -> m.Audit | None:
        listed = self._call(a.listed_by, ("audit", "listed_by")) if a else None
        if a is None or listed is None:
            return None
        return m.Audit(
            listed,
            a.as_ or "main",
            tuple(a.reads_on),
            a.at,
            a.action,
            a.actor,
            a.diff,
            dict(a.about),
            tuple(a.never),
            tuple(a.cite),
            ("audit",),
        )


def _with_defaults(webhooks: events.Webhooks | None) -> events.Webhooks | None:
    """Return the webhooks with the usual headers of their signature's format, if they name none."""
    if webhooks is None:
        return None
    signed = webhooks.signature
    scheme = schemes()[signed.scheme] if signed is not None else None
    id_at = webhooks.id_at or (None if scheme is not None and scheme.id_header else "id")
    if signed is not None and scheme is not None and signed.header is None:
        signed = signed.model_copy(update={"header": scheme.header})
    usual = {"id_at": id_at, "type_at": webhooks.type_at, "data_at": webhooks.data_at}
    versions = {
        value: one.model_copy(update={k: v for k, v in usual.items() if getattr(one, k) is None})
        for value, one in webhooks.versions.items()
    }
    return webhooks.model_copy(update={"signature": signed, "id_at": id_at, "versions": versions})


def _main_server(api: Api) -> Server:
    """Return the server for manifests."""
    at = ("api", "server")
    if isinstance(api.server, str):
        return Server("", Text(api.server, at), (), "", at)
    return _server("", api.server, at)


def _server(name: str, written: TemplateServer, at: Pointer) -> Server:
    variables = tuple(
        Variable(n, v.default, tuple(v.enum or ()), v.description or "", (*at, "variables", n))
        for n, v in written.variables.items()
    )
    description = written.description if isinstance(written, OwnServer) else None
    return Server(name, Text(written.url, (*at, "url")), variables, description or "", at)
