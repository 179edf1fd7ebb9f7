"""Bugs that a run of the server can be given, by name; none is chosen unless somebody asks."""

BUGS: dict[str, str] = {}  # name: what a client would notice

_planted: set[str] = set()


def plant(name: str) -> None:
    """Switch a bug of the list on, before the application is created."""
    if name not in BUGS:
        raise KeyError(name)
    _planted.add(name)


def planted(name: str) -> bool:
    """True if the server was started with this bug."""
    return name in _planted
