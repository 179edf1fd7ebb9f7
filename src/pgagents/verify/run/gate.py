"""Decide for every request of a run whether it may be sent, and say why not.

A read is a GET, HEAD or OPTIONS whose path is not that of an action which writes or costs money. A GET that
acts by its words (`base/acting.py`) is such an action until the author says that it reads. A call whose
author said that it reads is a read too. Everything else is a write, however broken it is. A path whose GET
writes gets nothing but ordinary calls, because a server may run the same code for any request to it.

A write is sent if the caller named its action (`--allow`), or if it is a call of the operator. Any other
write is sent only with a key that may write, and only if it

- makes something of the run's own; or
- changes an instance that is shown to be the run's own; or
- names an id that nothing can have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pgagents.base.http import Request, read_json, text_of
from pgagents.base.jsonschema.combine import join
from pgagents.base.jsonschema.schema import find_keyword
from pgagents.base.places import list_leaves
from pgagents.base.text import brief, singular
from pgagents.catalogue.encoding.paths import find_climb, find_misreading, plain_path
from pgagents.catalogue.harmless.ids import NOBODY
from pgagents.catalogue.language.basics import FRESH
from pgagents.catalogue.model.action import Action, WithheldGet
from pgagents.catalogue.model.identity import has_proof
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import names_instance
from pgagents.report.reason import Reason, allow, is_forbidden, without_allow
from pgagents.verify.fixtures.arguments import find_wrong_sort, say_unsure_create
from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.fixtures.lifting import line_of_new_id
from pgagents.verify.fixtures.target import (
    Target,
    is_tried,
    list_chosen_ids,
    list_made,
    list_made_by,
    list_new_ids,
    makes,
    says_where,
    target_of,
)
from pgagents.verify.plan.selection import NO_WRITES, say_doubt
from pgagents.verify.run.named_instances import NamedInstances, is_named_in, is_ours_elsewhere, is_removal_of
from pgagents.verify.run.tripwire import Tripwire
from pgagents.verify.setting import Setting, say_withheld
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.encode import request_of, shorten_names
from pgagents.verify.wire.endpoint import MCP, OPERATOR, Endpoint
from pgagents.verify.wire.exchange import INVENTED
from pgagents.verify.wire.mcp_link import ToolListing
from pgagents.verify.wire.oauth import list_token_paths

SAFE = ("GET", "HEAD", "OPTIONS")


class Gate:
    """Decides if a request may be sent.

    `writes` is True if the main key may write. `allowed` are the actions that the caller permitted, `roles`
    the identities with a key, `live` those of them whose key is not a test key.
    """

    def __init__(
        self,
        setting: Setting,
        factory: FixtureFactory,
        *,
        writes: bool,
        allowed: Collection[str],
        roles: Collection[str],
        live: Collection[str] = (),
    ) -> None:
        self.setting, self.model, self.factory = setting, setting.model, factory
        self._named = NamedInstances(self.model, factory)
        self._guarded = GuardedPaths(self.model)
        self.writes, self.allowed, self.roles = writes, frozenset(allowed), frozenset(roles)
        self.live = frozenset(live)
        self.tripwire = Tripwire(setting, factory, self.allowed)

    def may_write(self, call: Call) -> bool:
        """True if the run may call this action although it writes."""
        return (
            self.writes
            or call.surface == OPERATOR
            or (call.endpoint is not None and str(call.endpoint.action.name) in self.allowed)
        )

    def find_changed_instances(self, call: Call, values: Mapping[str, Any]) -> list[Instance]:
        """Return the instances that a call names in order to change them."""
        if call.endpoint is None or call.endpoint.action.effect != "write":
            return []
        target = target_of(self.setting, call.endpoint.action)
        instance = (
            self._named.find(call.endpoint.action, target, values)
            if target is not None
            else self._find_removed(call, values)
        )
        return [instance] if instance is not None else []

    def find_references(self, call: Call, values: Mapping[str, Any]) -> list[Instance]:
        """Return the instances of this run that a write names and that are not yet proved to be new."""
        if call.endpoint is None or call.endpoint.action.effect != "write":
            return []
        found = []
        for param in call.endpoint.params:
            resource, value = self.model.resources.get(param.refers_to or ""), values.get(str(param.name))
            if resource is not None and isinstance(value, str | int | float):
                instances = (self.factory.pool.find(r, value) for r in self._named.list_kin(resource))
                found += [t for t in instances if t is not None and t.made and not t.ours]
        if call.authored and target_of(self.setting, call.endpoint.action) is None:
            sent = {text_of(value) for value in list_leaves(dict(values)) if value is not None}
            made = (t for t in self.factory.pool.instances if t.made and not t.ours and not t.gone)
            found += [t for t in made if text_of(t.id) in sent and t not in found]
        return found

    def read_unread(self, call: Call, values: Mapping[str, Any]) -> Iterator[Callable[[], None]]:
        """Yield reads that ask for the numbers by which a write is to name nobody's instance."""
        for resource in self._named.list_unread(self.setting, call, values) if call.endpoint else ():
            assert call.endpoint is not None
            yield partial(self._named.read_first, self.setting, resource, call.endpoint, values)

    def objection(self, call: Call, values: Mapping[str, Any], request: Request) -> str:
        """Return why a request must not be sent; empty if it may be."""
        return self._object_to_call(call, values, request) or self._object_to_value(call, values, request)

    def _object_to_call(self, call: Call, values: Mapping[str, Any], request: Request) -> str:
        if objection := self._object_to_path(call, request):
            return objection
        endpoint = call.endpoint
        costs = endpoint is not None and endpoint.action.costs
        if (
            request.method in SAFE
            and (endpoint is None or endpoint.action.effect == "read" or request.method != "GET")
            and not costs
        ):
            return self._object_to_get(request)
        if call.surface == MCP and self.setting.listing is not None:
            return object_to_message(request, self.setting.listing)
        if call.surface == MCP and endpoint is None and is_no_call(request):
            return ""
        keyed = not call.twist and (
            endpoint is None
            or not endpoint.needs_key
            or has_proof(self.model, request)
            or call.surface == MCP
        )
        if endpoint is not None and endpoint.action.only_reads and call.raw.is_ordinary and keyed:
            return ""
        if objection := self.tripwire.object_to(call):
            return objection
        if endpoint is not None and self._is_allowed_get(endpoint.action):
            objection = self._write(call, endpoint, values, request)
            return "" if is_forbidden(objection) else objection
        if call.surface == OPERATOR or (endpoint is not None and str(endpoint.action.name) in self.allowed):
            return ""
        if endpoint is None and call.asks is not None and request.target in list_token_paths(self.model):
            return ""  # it changes nothing but who may call, and the catalogue names where it goes
        if not self.writes:
            return NO_WRITES
        if endpoint is not None and (doubt := say_doubt(self.setting, endpoint.action)):
            return doubt
        if call.holder in self.live:
            key = f"the key of {call.holder}, which is not a test key"
            return f"nothing is written with {key}; --allow-writes would"
        if endpoint is None:
            return self._without_action(call, request)
        if request.method != endpoint.method and endpoint.form is None:
            return f"{request.method} is not a method of {endpoint.path}"
        if (
            endpoint.action.effect == "read"
            and costs
            and (objection := self._object_to_cost(endpoint.action))
        ):
            return objection
        if endpoint.action.effect == "read" or (
            endpoint.action.signed is not None and endpoint.action.signed.role in self.roles
        ):
            return ""
        return self._elsewhere(call, values, request) or self._write(call, endpoint, values, request)

    # -- reads

    def _object_to_path(self, call: Call, request: Request) -> str:
        """Return why nothing but ordinary calls may be sent to a path whose GET writes; empty elsewhere."""
        if call.surface == MCP:
            return ""
        endpoint, method = call.endpoint, request.method
        if endpoint is not None and endpoint.method == method and (method != "GET" or call.raw.is_ordinary):
            own = endpoint.action
        else:
            own = None
        withheld = self._guarded.find_withheld(request)
        if withheld is not None and (own is None or own.method == "GET"):
            name = withheld.action
            if not name or name not in self.allowed:
                return f"{withheld.label} acts ({withheld.acting}), so nothing is sent there"
            if own is None or str(own.name) != name:
                return f"{withheld.label} acts ({withheld.acting}), so only ordinary calls are sent there"
        if own is None and method not in ("GET", "HEAD"):
            action = self._guarded.find(request)
            if action is not None and action.effect == "write":
                return (
                    f"GET of this path is {action.name}, which writes, so only ordinary calls are sent there"
                )
        return ""

    def _object_to_value(self, call: Call, values: Mapping[str, Any], request: Request) -> str:
        """Return why a request must not go out with the values of its path; empty if it may.

        A write's path must be that of its action in every reading; a read's only may not lead out of it.
        """
        endpoint = call.endpoint
        if endpoint is None or call.raw.target is not None or not endpoint.on_rest:
            return ""
        reads = endpoint.action.only_reads and request.method in SAFE
        values = shorten_names(call, values)
        for param in endpoint.params:
            value = values.get(str(param.name))
            if param.place != "path" or value is None:
                continue
            if reads:
                why = "leads to another path" if find_climb(value) else ""
            else:
                mark = self.factory.marks.within(value)
                own = bool(mark) and value.startswith(mark)  # cut short, it still names nobody else's
                listed = find_keyword(param.schema, "enum", self.setting.model.schemas) or ()
                said = own or call.authored or value in listed
                # without its blanks it names an own instance, or none
                read = value.strip() if isinstance(value, str) and self._is_harmless(value.strip()) else value
                why = find_misreading(read, given=said, reserved=param.reserved)
            if why:
                return f"the {param.name} {brief(repr(value), 40)} cannot stand in a path: it {why}"
        return ""

    def _is_harmless(self, id: str) -> bool:
        """True if a text is the id of an own instance, or nobody's."""
        return NOBODY in id or any(text_of(own) == id for _, own in self.factory.pool.list_own())

    def _is_allowed_get(self, action: Action) -> bool:
        """True if a GET acts by its words, and the caller lets a run call it as a write."""
        return str(action.name) in self.allowed and self.model.withheld.find(str(action.name)) is not None

    def _object_to_get(self, request: Request) -> str:
        """Return why a GET or HEAD must not be sent: its path is that of an action which writes or costs
        money. Empty if it may be sent.
        """
        action = self._guarded.find(request)
        if action is None:
            return ""
        if action.effect == "write":
            return f"GET of this path is {action.name}, which writes"
        return "" if str(action.name) in self.allowed else self._object_to_cost(action)

    def _object_to_cost(self, action: Action) -> str:
        """Return why a read that costs money must not be called; empty if its author lets a run pay."""
        if self.writes and action.may_name_none:
            return ""
        said = f"{action.name} costs money, and undoing nothing gives it back"
        return without_allow(said, action.name)

    # -- writes

    def _without_action(self, call: Call, request: Request) -> str:
        """Return why a write without an action may not be sent; empty if it may.

        Allowed are calls of the OAuth endpoints and of an MCP server, and requests with an invented method.
        """
        oauth = self.model.own_code_flow
        # these endpoints refuse whoever is not a client of theirs
        paths = {oauth.token, oauth.revoke} if oauth is not None else set()
        # the run is a client: its calls use codes and tokens of its own, and the consent of its own user
        ours = self.setting.oauth is not None and call.intent == "document"
        if (
            ours
            or urlsplit(request.target).path in paths
            or call.surface == MCP
            or request.method == INVENTED
        ):
            return ""
        return f"{request.method} {urlsplit(request.target).path} is not an action of the catalogue"

    def _elsewhere(self, call: Call, values: Mapping[str, Any], request: Request) -> str:
        """Return why a write to an address other than its action's must not be sent. Only extra slashes
        are allowed.
        """
        if call.raw.target is None or call.endpoint is None or not call.endpoint.on_rest:
            return ""
        usual = urlsplit(request_of(Call(call.endpoint, {}, "valid", ""), values).target).path
        return (
            ""
            if plain_path(request.target) == plain_path(usual)
            else "it goes to another path than the action's"
        )

    def _find_removed(self, call: Call, values: Mapping[str, Any]) -> Instance | None:
        """Return the instance that a call removes by arguments computed from its id; otherwise None."""
        found = self.factory.pool.of(call.subject, call.made) if call.subject and call.made else None
        return found if found and is_removal_of(found, call, values, self.factory.env) else None

    def _object_to_make(self, action: Action) -> str:
        """Return why an action must not make an instance that the run could not remove; empty if it may."""
        for resource in list_made_by(self.model, action):
            undo = resource.undone_by
            if undo is None or str(undo.action.name) in self.allowed:
                continue
            if target_of(self.setting, undo.action) is None and not names_instance(resource):
                return without_allow(
                    f"{undo.action.name} would not remove the {resource.name}, as its `undone_by` does not "
                    "name it by its id",
                    action.name,
                )
        return ""

    def _write(self, call: Call, endpoint: Endpoint, values: Mapping[str, Any], request: Request) -> str:
        target = target_of(self.setting, endpoint.action)
        if target is None and (removed := self._find_removed(call, values)) is not None:
            unproven = f"the {removed.resource.name} is not shown to be this run's own"
            return "" if removed.ours else self.factory.owned.problem(removed.resource) or unproven
        if objection := self._object_to_make(endpoint.action) or self._object_to_number(call, endpoint):
            return objection
        if objection := self._object_to_reach(call, endpoint, values):
            return objection
        if objection := self._object_to_all(endpoint.action, target):
            return objection
        own = call.authored and self._names_own_alone(endpoint.action, values)
        if target is None and not own and not makes(self.model, endpoint.action):
            unsure = say_unsure_create(self.model, endpoint.action)
            return without_allow(
                f"{endpoint.action.name} writes and names no instance of this run's"
                f"{f', as {unsure}' if unsure else ''}",
                endpoint.action.name,
            )
        if target is not None and (objection := self._changes(call, endpoint, target, values, request)):
            return objection
        if objection := self._object_to_id(endpoint, values) or self._object_to_credential(endpoint, values):
            return objection
        if call.authored and (objection := self._object_to_overwriting(endpoint, values)):
            return objection
        removed = (
            self._named.find(endpoint.action, target, values) if target and call.intent == "clean" else None
        )
        for param in endpoint.params:
            resource = self.model.resources.get(param.refers_to or "")
            if removed is not None and param.refers_to in removed.resource.placed_by:
                continue  # it stayed when what contains it was removed, and was read there since
            if (
                resource is not None
                and resource.made_by is not None
                and (target is None or param not in target.named)
            ):
                value = values.get(str(param.name))
                if value is not None and not self._named.may_be_named(resource, param, value):
                    return without_allow(
                        f"{endpoint.action.name} would name a {resource.name} that is not shown to be "
                        "this run's own",
                        endpoint.action.name,
                    )
        return ""

    def _object_to_all(self, action: Action, target: Target | None) -> str:
        """Return why a change of a whole collection must not be sent although it names another thing of the
        run's: `PUT /books {authorId: 3}` (Platformatic DB 2.61, 2026-11-28). Empty if it may.
        """
        path = action.bare_path
        if action.method not in ("PUT", "PATCH", "DELETE") or "{" in path:
            return ""
        listed = (
            resource
            for resource in self.model.resources.values()
            if resource.inferred and any(c.action.bare_path == path for c in resource.listed_by)
        )
        all_of = next(listed, None)
        if all_of is None or (target is not None and target.resource is all_of):
            return ""
        name = action.name
        return without_allow(f"{name} may change each {all_of.name}, and names none", name, of_others=True)

    def _names_own_alone(self, action: Action, values: Mapping[str, Any]) -> bool:
        """True if a call names instances of the run's own in its arguments, and may name no others there.

        An argument that has an own id has nothing else, and no other has the name of a reference.
        """
        own, found = {text_of(id) for _, id in self.factory.pool.list_own()}, False
        for param in action.params:
            leaves = [v for v in list_leaves(values.get(str(param.name))) if v is not None]
            named = {text_of(leaf) for leaf in leaves} & own
            if named and not all(text_of(leaf) in own for leaf in leaves):
                return False
            refers = param.refers_to or param.place == "path" or _last_word(str(param.name)) == "id"
            if leaves and not named and refers:
                return False
            found = found or bool(named)
        return found

    def _object_to_reach(self, call: Call, endpoint: Endpoint, values: Mapping[str, Any]) -> str:
        """Return why an argument's value may reach what is not the run's own; empty if none does."""
        if call.authored:
            return ""
        found = self.setting.find_reaching(endpoint.action, values, self.factory.list_own(values))
        return say_withheld(endpoint.action, found[0]) if found else ""

    def _object_to_number(self, call: Call, endpoint: Endpoint) -> str:
        """Return why no more instances may be made by an action: one could not be undone, or too many were
        made already. Empty if they may.

        Calls that a right server refuses are sent until it has accepted one like them.
        """
        name = endpoint.action.name
        for resource in list_made(self.model, endpoint.action):
            why = self.factory.owned.limit(
                resource,
                removable=self.factory.removals.find_endpoint(resource) is not None,
                wrong=find_wrong_sort(call),
                authored=call.authored,
            )
            if why:
                return without_allow(why, name)
        return ""

    def _object_to_credential(self, endpoint: Endpoint, values: Mapping[str, Any]) -> str:
        """Return why an action must not make a credential: it would stand below somebody else's instance.
        Empty if it may be made.
        """
        action = endpoint.action
        if not makes(self.model, action) or not makes_credential(self.model, action):
            return ""
        made = list_made(self.model, action)
        chosen = {str(p.name) for p in list_chosen_ids(self.model, action)}
        for param in endpoint.params:
            above = self.model.resources.get(param.refers_to or "")
            value = values.get(str(param.name))
            if (above is None and param.place != "path") or value is None or str(param.name) in chosen:
                continue
            if above is not None and (above in made or self._named.is_nobody_elses(above, param, value)):
                continue
            own = (self.factory.pool.find(r, value) for r in self._named.list_kin(above)) if above else ()
            if not any(t is not None and t.ours for t in own):
                return without_allow(
                    f"{action.name} would make a credential below the {above.name if above else param.name} "
                    f"{value!r}, which this run has not made",
                    action.name,
                )
        return ""

    def _object_to_overwriting(self, endpoint: Endpoint, values: Mapping[str, Any]) -> str:
        """Return why a create must not be sent as its author wrote it: it may change what has the same texts.

        That is so for a PUT, and for an action that documents several successes. No text of the call is new.
        """
        action = endpoint.action
        several = sum(200 <= output.status < 300 for output in action.outputs) > 1
        may_change = makes(self.model, action) and (action.method == "PUT" or several)
        if not may_change or self.factory.marks.within(dict(values)):
            return ""
        option = allow(action.name)
        return Reason(
            f"{action.name} may change what has the same texts already: write `=fresh.text` or `=fresh.slug` "
            f"for one of them; {option} would call it",
            (option,),
        )

    def _object_to_id(self, endpoint: Endpoint, values: Mapping[str, Any]) -> str:
        """Return why a create must not choose this id: the call may overwrite the instance that has it."""
        chosen = list_chosen_ids(self.model, endpoint.action)
        made = list_made_by(self.model, endpoint.action) if chosen else ()
        name = endpoint.action.name
        for resource in made:
            given = [
                (p, v)
                for p in chosen
                if (v := values.get(str(p.name))) not in (None, "")
                and not says_where(self.model, endpoint.action, p, v)
            ]
            if len(resource.ids) > 1 and any(self._named.is_nobody_elses(resource, p, v) for p, v in given):
                continue  # if one part of a composite id cannot exist, the id cannot
            for param, value in given:
                if self.factory.marks.is_marked(value) and (resource.name, value) not in self._named.misread:
                    continue  # such as `=fresh.number`, by the author's word
                found = self.factory.pool.find(resource, value)
                if not self._named.is_nobody_elses(resource, param, value) and (
                    found is None or not found.ours
                ):
                    what = f"{name} might overwrite the {resource.name} that has its {param.name}"
                    line = line_of_new_id(resource, param, self.setting.resolve_schema(param.schema))
                    return without_allow(Reason(what, lines=(line,)), name, of_others=True)
        return ""

    def _changes(
        self, call: Call, endpoint: Endpoint, target: Target, values: Mapping[str, Any], request: Request
    ) -> str:
        """Return why a call must not change the instance that it names; empty if it may."""
        resource, name = target.resource, endpoint.action.name
        instance = self._named.find(endpoint.action, target, values)
        if instance is None:
            given = [values.get(str(p.name)) for p in target.named]
            if any(v is None or v == "" for v in given):
                what = f"{name} without {target.named[0].name} names no {resource.name}"
                return "" if endpoint.action.may_name_none else without_allow(what, name, of_others=True)
            if self._named.is_under_nobody(endpoint, resource, values):
                return ""
            # if one part of a composite id cannot exist, the id cannot
            enough = any if len(resource.ids) > 1 else all
            place = resource.place_in(endpoint.params, values)
            free = (
                self._named.is_nobody_elses(resource, p, v, place)
                for p, v in zip(target.named, given, strict=True)
            )
            elsewhere = is_ours_elsewhere(self.model, self.factory.pool, endpoint, target, values)
            if not elsewhere and not enough(free):
                said = f"{name} would change a {resource.name} that this run has not made"
                nobody = _say_nobody(call, target, self.setting.model.schemas)
                if call.authored and not nobody:
                    return without_allow(said, name, of_others=True)
                return f"{said}{nobody}"
            unread = not all((place, v) in self.factory.missing(resource) for v in given)
            if is_tried(resource, endpoint.action) and unread:
                return f"no read shows that no {resource.name} has this id yet, and {name} may change one"
            put = endpoint.method == "PUT" and not makes(self.model, endpoint.action)
            return without_allow("a PUT on an id that is not there may create it", name) if put else ""
        if not instance.ours:
            said = f"the {resource.name} is not shown to be this run's own"
            said += ", as no call makes one" if resource.made_by is None else ""
            if resource.made_by is None or call.authored:  # its author named it, and may let it be changed
                said = without_allow(said, name, of_others=True)
            return self.factory.owned.problem(resource) or said
        for param in list_new_ids(self.setting, endpoint.action):
            value = values.get(str(param.name))
            if value is not None and value != instance.id and not self.factory.marks.is_marked(value):
                return without_allow(
                    f"{name} would give the {resource.name} the {param.name} {value!r}, which may be "
                    "another's",
                    name,
                )
        if not is_named_in(request, target, instance) and not endpoint.action.may_name_none:
            return f"the request does not name the {resource.name} that it is about"
        return ""


def _say_nobody(call: Call, target: Target, schemas: Mapping[str, Any]) -> str:
    """Return how the author of a step that must be refused names what is not there; empty for other calls."""
    if not call.authored or call.intent != "illegal":
        return ""
    param = target.named[-1]
    number = find_keyword(param.schema, "type", schemas) == "integer"
    kind = "int" if number else "uuid" if find_keyword(param.schema, "format", schemas) == "uuid" else "text"
    return f": write `{param.name}: ={FRESH}.{kind}` for an id that nobody has"


# -- actions that make credentials: tokens, keys, users and invitations
#
# A credential below somebody else's account gives its holder that account's rights, and may outlast the
# run. So it is only made below an instance that the run has made itself.


NOUNS = frozenset(("credential", "invitation", "invite", "key", "password", "secret", "token", "user"))
"""The last word of what is made, in the singular."""
MEMBERS = frozenset((
    "access_key", "access_token", "api_key", "apikey", "api_token", "auth_token", "bearer_token",
    "client_secret", "password", "private_key", "refresh_token", "secret", "secret_key", "token",
))  # fmt: skip
"""Members of an answer that hold a credential."""
_METHODS = frozenset(("get", "post", "put", "patch", "delete"))
"""Last words that some frameworks append to an operation's name."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def makes_credential(model: Model, action: Action) -> bool:
    """True if an action makes a credential, by the noun of what it makes, or by a member of its answer."""
    made = list_made_by(model, action)
    segments = [part for part in str(action.path).split("/") if part and "{" not in part]
    nouns = [*(r.name for r in made), *segments[-1:], _strip_method(str(action.name))]
    if any(_last_word(noun) in NOUNS for noun in nouns):
        return True
    body = model.schema_at(action, ())
    inner = (join(schema, model.schemas).schema for schema in body.get("properties", {}).values())
    return any(_holds_credential(schema) for schema in (body, *inner))


def _holds_credential(schema: Mapping[str, Any]) -> bool:
    names = {"_".join(_split(name)) for name in schema.get("properties", {})}
    # that of a payment, as Stripe's and Park Graph's, admits nobody: an OAuth client's stands beside its id
    return not names.isdisjoint(MEMBERS if "client_id" in names else MEMBERS - {"client_secret"})


def _split(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _last_word(name: str) -> str:
    words = _split(name)
    return singular(words[-1]) if words else ""


def _strip_method(name: str) -> str:
    words = _split(name)
    return "_".join(words[:-1] if words[-1:] and words[-1] in _METHODS else words)


# -- paths that get only ordinary calls, because a GET there writes, acts or costs money


_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
T = TypeVar("T")


class GuardedPaths:
    """The paths of a model behind whose GET something writes, acts or costs money.

    A path without placeholders is its action's own, also where a placeholder of another action fits it.
    """

    def __init__(self, model: Model) -> None:
        self._gets = [a for a in model.actions if a.method == "GET"]
        self._gets_withheld = model.withheld.gets

    def find(self, request: Request) -> Action | None:
        """Return the action that a GET or HEAD of this path may call, if it writes or costs money; else None.

        A server may answer a HEAD, and some an OPTIONS, by what it does for a GET.
        """
        return self._find_in(request, self._guarded)

    def find_withheld(self, request: Request) -> WithheldGet | None:
        """Return the GET of this path that acts by its words, so that nothing is sent to it; else None."""
        return self._find_in(request, self._withheld)

    def _find_in(self, request: Request, guarded: Sequence[tuple[T, re.Pattern[str]]]) -> T | None:
        """Return what a path leads to as it stands, and as the most lenient server reads it."""
        paths = (re.split(r"[?#]", request.target, maxsplit=1)[0].rstrip("/"), plain_path(request.target))
        if set(paths) <= self._reading:
            return None
        return next((it for it, pattern in guarded if any(map(pattern.fullmatch, paths))), None)

    @cached_property
    def _guarded(self) -> list[tuple[Action, re.Pattern[str]]]:
        return [(a, _pattern_of(str(a.path))) for a in self._gets if not a.only_reads]

    @cached_property
    def _withheld(self) -> list[tuple[WithheldGet, re.Pattern[str]]]:
        """The GETs that act. A path that goes on in a query is left out: others may share its beginning."""
        return [
            (get, _pattern_of(get.path)) for get in self._gets_withheld if not re.search(r"[?#]", get.path)
        ]

    @cached_property
    def _reading(self) -> frozenset[str]:
        """The paths without placeholders whose GET only reads."""
        return frozenset(
            plain_path(str(a.path)) for a in self._gets if a.only_reads and "{" not in str(a.path)
        )


def _pattern_of(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(map(re.escape, _PLACEHOLDER.split(path.rstrip("/")))), re.I)


# -- messages to an MCP server that no catalogue describes


CALL = "tools/call"


def is_no_call(request: Request) -> bool:
    """True if a message surely calls no tool, and only asks about the server."""
    message = read_json(request.body).value
    method = message.get("method") if isinstance(message, Mapping) else None
    return isinstance(method, str) and method != CALL


def object_to_message(request: Request, listing: ToolListing) -> str:
    """Return why a message must not be sent; empty if it may be.

    A call may be of a tool that only reads, that the caller permits, or that the server does not list.
    """
    if is_no_call(request):
        return ""
    message = read_json(request.body).value
    if not isinstance(message, Mapping):
        return "" if CALL.encode() not in request.body else "it may be a call of a tool"
    params = message.get("params")
    name = params.get("name") if isinstance(params, Mapping) else None
    if not isinstance(name, str):
        return "it may be a call of any tool"
    tool = listing.find(name)
    known = {other.lower() for _, other, _ in listing.named}
    if tool is None:
        return "" if name.lower() not in known and not listing.unread else "it may be a call of a tool"
    return "" if listing.may_call(tool) else without_allow(f"{name} may write", name)
