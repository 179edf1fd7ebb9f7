"""Read the addresses of a document's servers: their hosts, and the paths that all operations begin with."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

from pgagents.importer.reading.references import Found, is_url


def base_path(root: Found) -> str:
    """Return the common prefix of all paths: Swagger's `basePath`, or the path of the first server's URL."""
    return find_path(root.text("basePath")) if "swagger" in root.value else find_base(root.at("servers", 0))


def find_base(server: Found) -> str:
    """Return the path that a server's operations begin with; empty if it cannot be determined.

    A relative URL begins at the place of the document, if that has a URL itself.
    """
    parts, home = split_url(expand_variables(server)), server.document.location
    relative = bool(parts.path) and not parts.scheme and not parts.netloc
    return find_path(urljoin(home, parts.path) if relative and is_url(home) else parts.geturl())


def find_path(url: str) -> str:
    """Return the path of a server's URL without a final slash; empty if it cannot be determined."""
    path = "/" + _remove_dots(split_url(url).path)
    return "" if path == "/" or any(c in path for c in "{}?# ") else path


def split_url(url: str) -> SplitResult:
    """Return the parts of a URL; all are empty if its host is none, as in `https://[host]/api`."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _remove_dots(path: str) -> str:
    """Return a path without the segments `.` and `..` (RFC 3986, 5.2.4), and without slashes at its ends."""
    kept: list[str] = []
    for segment in path.strip("/").split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)


def expand_variables(server: Found) -> str:
    """Return a server's URL with the default of each variable."""
    url = server.text("url")
    for name, variable in server.at("variables").members().items():
        url = url.replace("{" + name + "}", variable.text("default"))
    return url


def server_url(root: Found) -> str:
    """Return scheme and host of the first server; empty if the document names none."""
    if "swagger" in root.value:
        schemes = [s.value for s in root.at("schemes").items() if s.value in ("https", "http")] or ["https"]
        return find_address("https" if "https" in schemes else schemes[0], root.text("host"))
    url = split_url(expand_variables(root.at("servers", 0)))
    return find_address(url.scheme, url.netloc) if url.scheme in ("http", "https") else ""


def find_address(scheme: str, host: str) -> str:
    """Return scheme and host as a URL; empty if the text cannot be a host."""
    if not host.isprintable() or set("{}<> ") & set(host):
        return ""
    try:
        parts = urlsplit(f"{scheme}://{host}")
        named = parts.hostname is not None and parts.port != 0
    except ValueError:  # brackets that contain no IPv6 address, or a port that is none
        return ""
    return f"{scheme}://{host}" if named else ""
