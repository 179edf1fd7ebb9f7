"""Carry out a model's tool call: read a vendor's message, call the API, write the vendor's answer.

`client` checks a call, asks a person first where the action wants it, and has it sent. `form` reads and
writes a vendor's messages by the modules of `forms/`. `arguments` validates what the model gave. `keys` has
keys and tokens and renews them; `environment` reads them. `send` makes the HTTP request. `attempts` decides
whether and when a call is repeated. `answer` has the words of an error result.

`__all__` has the names that a host needs. Each is imported when it is first used: the command line needs
only parts of this package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgagents.base.errors import PgagentsError
    from pgagents.catalogue.load import load_file
    from pgagents.client.answer import Answer
    from pgagents.client.attempts import Patience
    from pgagents.client.client import Blocking, Client, Question, connect, connect_blocking
    from pgagents.client.form import form_names

__all__ = [
    "Answer",
    "Blocking",
    "Client",
    "Patience",
    "PgagentsError",
    "Question",
    "connect",
    "connect_blocking",
    "form_names",
    "load_file",
]
_MODULES = {
    "Answer": "pgagents.client.answer",
    "Blocking": "pgagents.client.client",
    "Client": "pgagents.client.client",
    "Patience": "pgagents.client.attempts",
    "PgagentsError": "pgagents.base.errors",
    "Question": "pgagents.client.client",
    "connect": "pgagents.client.client",
    "connect_blocking": "pgagents.client.client",
    "form_names": "pgagents.client.form",
    "load_file": "pgagents.catalogue.load",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
