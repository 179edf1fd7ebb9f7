"""Items as they are; its catalogue has a workflow that removes what it found."""

from __future__ import annotations

from harm.servers.base import Items


class Case(Items):
    """Nothing about the server is odd."""
