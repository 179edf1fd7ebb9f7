"""Optional packages for some commands: the extras `sandbox` and `mcp` of `pyproject.toml`."""

from __future__ import annotations

EXTRAS = {
    "sandbox": ("authlib", "segno", "starlette", "uvicorn"),
    "mcp": ("jwt", "mcp", "starlette", "uvicorn"),
}
"""Each extra with the top-level modules of its packages."""


def require(command: str, *extras: str) -> None:
    """Raise PgagentsError with the install command if a module of these extras is missing.

    `command` is the typed command, such as `pgagents demo`.
    """
    lacking = [extra for extra in extras if missing(extra)]
    if lacking:
        from pgagents.errors import PgagentsError

        noun = "extra" if len(lacking) == 1 else "extras"
        names = " and ".join(f"`{extra}`" for extra in lacking)
        raise PgagentsError(f"`{command}` needs the {noun} {names}: {installing(*lacking)}")


def missing(extra: str) -> list[str]:
    """Return the modules of an extra that cannot be imported."""
    from importlib.util import find_spec

    return [name for name in EXTRAS[extra] if find_spec(name) is None]


def installing(*extras: str) -> str:
    """Return the command line that installs the packages of these extras.

    It names them one by one. pgagents is on no registry, so a stranger could publish something under its
    name.
    """
    wanted = dict.fromkeys(line for extra in extras for line in requirements(extra))
    return f"pip install {' '.join(repr(line) for line in wanted)}"


def requirements(extra: str) -> list[str]:
    """Return the packages of an extra with their ranges, as pip takes them: `mcp<3,>=2.3`."""
    from importlib import metadata

    return [
        line.partition(";")[0].strip()
        for line in metadata.requires("pgagents") or ()
        if line.endswith((f"extra == '{extra}'", f'extra == "{extra}"'))
    ]
