"""Read the addresses of a document's servers: their hosts, and the paths that all operations begin with."""

from __future__ import annotations

from urllib.parse import urlsplit

from pgagents.importer.reading.references import Found


def base_path(root: Found) -> str:
    """Return the common prefix of all paths: Swagger's `basePath`, or the path of the first server's URL."""
    swagger = "swagger" in root.value
    return find_path(root.text("basePath") if swagger else expand_variables(root.at("servers", 0)))


def find_path(url: str) -> str:
    """Return the path of a server's URL without a final slash; empty if it cannot be determined."""
    path = "/" + urlsplit(url).path.strip("/")
    return "" if path == "/" or any(c in path for c in "{}?# ") else path


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
    url = urlsplit(expand_variables(root.at("servers", 0)))
    return find_address(url.scheme, url.netloc) if url.scheme in ("http", "https") else ""


def find_address(scheme: str, host: str) -> str:
    """Return scheme and host as a URL; empty if the text cannot be a host."""
    if not host.isprintable() or set("{}<> ") & set(host):
        return ""
    try:
        named = urlsplit(f"{scheme}://{host}").hostname
    except ValueError:  # brackets that contain no IPv6 address
        return ""
    return f"{scheme}://{host}" if named else ""
