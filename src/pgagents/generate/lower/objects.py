"""Translate an object's members into another dialect: which it names, requires and allows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pgagents.generate.lower.dialect import Dialect
from pgagents.generate.lower.flatten import Stack
from pgagents.generate.lower.losses import Losses
from pgagents.jsonschema.intersect import Flat
from pgagents.jsonschema.nullable import takes_null, with_null
from pgagents.source.origin import Node, Text, origin_of
from pgagents.source.source import Pointer
from pgagents.text.wording import append_remark

Lower = Callable[[Mapping[str, Any], Pointer, Stack], Node | None]


class Objects:
    """Write the keywords of objects. `lower` translates the schema of a member."""

    def __init__(self, dialect: Dialect, losses: Losses, lower: Lower, *, sent: bool) -> None:
        self.dialect, self.losses, self.lower, self.sent = dialect, losses, lower, sent

    def write(self, flat: Flat, kinds: list[str], out: Node, stack: Stack, hints: list[str]) -> bool:
        """Translate an object's members. Return False if the dialect cannot express the object."""
        d = self.dialect
        is_object = "object" in kinds
        cut = self._properties(flat, out, stack, hints)
        further = flat.get("additionalProperties", True)
        if "patternProperties" in flat and "patternProperties" not in out:
            # `patternProperties` are no additional members, but this dialect cannot tell them apart
            further = True
        if not is_object and "properties" not in flat and "additionalProperties" not in flat:
            if "required" in flat:
                out["required"] = list(flat["required"])
            return True
        if d.additional == "closed":
            self._close(flat, out, further, cut)
        elif d.additional == "drop":
            if further is not True:
                place = flat.place("additionalProperties")
                self.losses.add(
                    place, "additionalProperties", further, "dropped", "other members are not refused"
                )
        elif isinstance(further, Mapping):
            inner = self.lower(further, flat.place("additionalProperties"), stack)
            out["additionalProperties"] = True if inner is None or cut else inner
        elif d.additional == "explicit" or "additionalProperties" in flat:
            out["additionalProperties"] = bool(further) or cut
        if not d.empty_objects and is_object and not out.get("properties"):
            self.losses.add(
                flat.origin, "object", "without named members", "dropped", "the vendor refuses it"
            )
            return False
        return True

    def _close(self, flat: Flat, out: Node, further: Any, cut: bool) -> None:
        """Allow only named members, if the dialect demands it.

        If the object has others, some calls cannot be made, which is a loss.
        """
        members = out.setdefault("properties", Node(origin=flat.place("properties")))
        out["additionalProperties"] = False
        if self.dialect.optional == "null":
            out.setdefault(
                "required", list(members)
            )  # strict schemas need `required` even for an object without members
        place = flat.place("additionalProperties")
        if "patternProperties" in flat:
            at = flat.place("patternProperties")
            self.losses.add(at, "patternProperties", {}, "narrowed", "only named members may be sent")
        elif any(part.get("properties", members).keys() != members.keys() for part in out.get("anyOf", ())):
            why = "each alternative would refuse the members beside it"
            self.losses.add(flat.place("anyOf"), "anyOf", [], "narrowed", why)
        elif isinstance(further, Mapping) or (further is not False and not members):
            self.losses.add(
                place, "additionalProperties", further, "narrowed", "only named members may be sent"
            )
        elif cut or set(flat.get("required", ())) - set(members):
            self.losses.add(place, "properties", {}, "narrowed", "a member cannot be said")
        elif further is not False:
            self.losses.add(
                place, "additionalProperties", further, "dropped", "only named members may be sent"
            )

    def _properties(self, flat: Flat, out: Node, stack: Stack, hints: list[str]) -> bool:
        """Write the members that can be expressed; return True if one was left out."""
        if "properties" not in flat:
            if "required" in flat and (
                "object" in (flat.get("type") or ()) and self.dialect.additional != "drop"
            ):
                out["required"] = list(flat["required"])
            return False
        place = flat.place("properties")
        members = Node(origin=place)
        for name, member in flat["properties"].items():
            if self.dialect.names and not re.fullmatch(self.dialect.names, name):
                hints.append(self._say_member(flat, name, member))
                continue
            lowered = self.lower(member, (*place, name), stack)
            if (
                lowered is not None
                and self.dialect.optional == "null"
                and name not in flat.get("required", ())
            ):
                lowered = self._or_none(lowered, (*place, name))
            if lowered is not None:
                members[name] = lowered
        out["properties"] = members
        cut = len(members) < len(flat["properties"])
        known = members if cut or self.dialect.additional in ("drop", "closed") else None
        required = [n for n in flat.get("required", ()) if known is None or n in known]
        if self.sent and self.dialect.additional == "drop":
            self._tell_left_out(flat, members)
        if self.dialect.optional == "null":
            required = list(members)
        if required or self.dialect.optional == "null":
            out["required"] = required
        if self.dialect.ordering and members:
            out["propertyOrdering"] = list(members)
        return cut

    def _tell_left_out(self, flat: Flat, members: Node) -> None:
        """Record the required members that no call can have, because the dialect has only named members."""
        for name in (n for n in flat.get("required", ()) if n not in members):
            place = origin_of(flat["properties"].get(name)) or flat.place("required")
            why = "calls need it, and the vendor takes none with it"
            self.losses.add(place, "required member", name, "narrowed", why)

    def _say_member(self, flat: Flat, name: str, member: Mapping[str, Any]) -> str:
        """Return the words for a member whose name the vendor refuses in schemas, and record the loss."""
        place = origin_of(member) or (*flat.place("properties"), name)
        self.losses.add(place, "member", name, "description", "the vendor takes no such name of a member")
        kind, text = member.get("type"), str(member.get("description", "")).rstrip(".")
        facts = [kind] if isinstance(kind, str) else []
        facts += ["required"] if name in flat.get("required", ()) else []
        said = f"further member {json.dumps(name, ensure_ascii=False)}"
        said += f" ({', '.join(facts)})" if facts else ""
        return f"{said}: {text}" if text else said

    def _or_none(self, member: Node, origin: Pointer) -> Node:
        """Make an optional member required and nullable. Null then stands for an omitted member."""
        taken = takes_null(member)
        detail = (
            "null and not given cannot be distinguished"
            if taken
            else "null stands for: not given; who makes the call leaves it out"
        )
        self.losses.add(origin_of(member) or origin, "optional", [], "widened", detail)
        text = member.get("description", "")
        said = member if taken else with_null(member)
        said["description"] = Text(
            append_remark(text, "null if not given", inside=True), origin_of(text) or member.origin
        )
        return said
