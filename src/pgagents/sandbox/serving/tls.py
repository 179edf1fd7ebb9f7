"""TLS for a sandbox: a certificate made for this start, and the CA file with which clients trust it."""

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
    """A server's TLS context, and the PEM file of the CA that signed its certificate.

    If clients are asked for a certificate, `client_file` has a valid one with its key.
    """

    context: ssl.SSLContext
    ca_file: Path
    client_file: Path | None = None


@contextmanager
def certificate(*, clients: bool = False) -> Iterator[Tls]:
    """Yield a certificate for this machine's names, TLS 1.3 only; its CA file is removed at the end.

    With `clients`, clients are asked for a certificate from another CA, which issues one. A client without a
    certificate is connected anyway, because not every action may need one.

    The CA's key is never written, so nobody can sign with it after the process has ended.
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
        yield Tls(context, ca_file, _ask_clients(context, Path(folder)) if clients else None)


def _ask_clients(context: ssl.SSLContext, folder: Path) -> Path:
    """Ask clients for a certificate. Return the file of a valid one, which only this user can read."""
    import trustme

    authority = trustme.CA(organization_name="pgagents sandbox", organization_unit_name="clients")
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    file = folder / "client.pem"
    file.touch(mode=0o600)
    authority.issue_cert("client@sandbox.example").private_key_and_cert_chain_pem.write_to_path(file)
    return file
