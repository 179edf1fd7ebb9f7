"""What m365-spec-parser says of a document as a whole: version, validity, servers, references out of the document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from pgagents.lint.said import Said
from pgagents.source import Pointer

MOST = 50
_VARIABLE = re.compile(r"\$\{\{.*?\}\}")


def parser(data: dict[str, Any]) -> Iterator[Said]:
    """Its errors, in its order."""
    version = data.get("openapi")
    if "swagger" in data:
        yield Said("convert-swagger-to-openapi", "the document is Swagger 2.0 and is converted", ("swagger",))
    elif isinstance(version, str) and not version.startswith("3.0."):
        yield Said("spec-version-not-supported", f"the document is OpenAPI {version[:20]}; please use version 3.0.x", ("openapi",))
    else:
        yield from _invalid(data)
    for pointer, ref in remote_refs(data):
        yield Said("spec-not-valid", f"`{ref[:120]}` leads out of the document; the parser tries to download it", pointer)
    yield from _servers(data)


def _invalid(data: dict[str, Any]) -> Iterator[Said]:
    errors = _schema().iter_errors(data)
    for error, _ in zip(errors, range(MOST), strict=False):
        message = " ".join(error.message.split())
        yield Said("spec-not-valid", message if len(message) <= 200 else f"…{message[-199:]}", tuple(error.instance_path))
    for pointer, text in _texts(data):
        if _VARIABLE.search(text):
            yield Said("spec-not-valid", f"`{text[:60]}` holds a variable that nothing has filled in", pointer)
            return


@cache
def _schema() -> Any:
    import jsonschema_rs
    from openapi_spec_validator.schemas import schema_v30

    return jsonschema_rs.Draft4Validator(dict(schema_v30))


def _servers(data: dict[str, Any]) -> Iterator[Said]:
    written = data.get("servers")
    if "swagger" in data:
        return
    urls = [s["url"] for s in written if isinstance(s, dict) and isinstance(s.get("url"), str)] if isinstance(written, list) else []
    if not urls:
        yield Said("no-server-information", "no server is named", ("servers",) if "servers" in data else ())
    for n, url in enumerate(urls):
        scheme = urlsplit(url).scheme if "://" in url else ""
        if not scheme:
            yield Said("relative-server-url-not-supported", f"`{url[:120]}` is no absolute URL", ("servers", n))
        elif scheme not in ("http", "https"):
            yield Said("url-protocol-not-supported", f"`{scheme}` is neither https nor http", ("servers", n))
        elif scheme == "http":
            yield Said("plain-server", f"`{url[:120]}` is not https", ("servers", n))


def remote_refs(data: Any) -> Iterator[tuple[Pointer, str]]:
    """References that do not begin with `#`, the first `MOST`."""
    found = 0
    for pointer, text in _texts(data):
        if pointer and pointer[-1] == "$ref" and not text.startswith("#"):
            found += 1
            if found > MOST:
                return
            yield pointer, text


def _texts(data: Any) -> Iterator[tuple[Pointer, str]]:
    """Every text of the document."""
    stack: list[tuple[Pointer, Any]] = [((), data)]
    while stack:
        pointer, value = stack.pop()
        if isinstance(value, dict):
            stack.extend(((*pointer, key), member) for key, member in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend(((*pointer, n), member) for n, member in reversed(list(enumerate(value))))
        elif isinstance(value, str):
            yield pointer, value
