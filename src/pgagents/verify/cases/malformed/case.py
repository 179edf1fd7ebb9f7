"""A request that the framework must refuse, accept or survive, and the edited calls that it is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from zlib import crc32

from pgagents.model.answers.error_code import Code
from pgagents.source.source import Pointer
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Endpoint

PAGES = ("https://pgv.example", "null", "http://localhost:3000")
"""Origins of web pages: a site, a sandboxed frame or a file, a developer's machine."""


@dataclass(frozen=True, slots=True)
class Case:
    """A request that the framework must refuse with `code`, accept (`code` is None), or only survive
    (`survive`).
    """

    detail: str
    says: str
    call: Call
    code: Code | None
    origin: Pointer
    statuses: tuple[int, ...] = ()
    survive: bool = False
    writes: bool = False
    again: Call | None = None
    """A call that decides the verdict if `call`, which tests something else as well, was refused."""
    largest: Call | None = None
    """The same call with the largest allowed body. It is sent first, and its success keeps the contracts of
    both calls.
    """
    size: int = 0
    """The size of `largest`, or of a body made for its size, in bytes; 0 for any other body."""
    allowed: frozenset[str] = frozenset()
    """Methods that the refusal of a wrong method must name."""


def edit_call(setting: Setting, endpoint: Endpoint, why: str, raw: Raw) -> Call:
    """Return a correct call changed by `raw`. It has an Origin if web pages may call the endpoint.

    The answer to a call with an Origin shows which parts of a refusal web pages may read.
    """
    browsers = setting.model.browsers
    if browsers is not None and raw.target is None:
        page = (
            PAGES[crc32(why.encode()) % len(PAGES)]
            if browsers.origins == "any"
            else str(browsers.origins[0]).rstrip("/")
        )
        raw = replace(raw, headers=(*raw.headers, ("Origin", page)))
    return replace(
        ordinary(endpoint, template_of(setting.model, endpoint.action), "framework", why),
        raw=raw,
        surface=endpoint.surface,
    )
