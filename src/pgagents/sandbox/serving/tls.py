"""TLS for a sandbox: a certificate made for this start, and the CA file by which a client trusts it."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NAMES = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Tls:
    """A server's TLS context, and the PEM file of the CA that signed its certificate."""

    context: ssl.SSLContext
    ca_file: Path


@contextmanager
def certificate() -> Iterator[Tls]:
    """Yield a certificate for this machine's names, TLS 1.3 only; its CA file is removed at the end.

    The CA's key is never written, so nobody can sign with it once the process has ended.
    """
    import trustme

    ca = trustme.CA(organization_name="pgagents sandbox", organization_unit_name="for this start only")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    ca.issue_cert(*NAMES).configure_cert(context)
    with tempfile.TemporaryDirectory(prefix="pgagents-sandbox-") as folder:
        ca_file = Path(folder) / "ca.pem"
        ca.cert_pem.write_to_path(ca_file)
        yield Tls(context, ca_file)
