"""TLS contexts of connections to a server: trusted authorities, and the client's own certificate."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from pgagents.errors import PgagentsError


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A client certificate as PEM files. If `key` is empty, the certificate's file contains the key too."""

    cert: str
    key: str = ""


def make_context(cacert: str | None, certificate: CertificateFiles | None = None) -> ssl.SSLContext:
    """Return the TLS context of connections to a server.

    Without a CA file the system's authorities are trusted. Raises PgagentsError for a file that cannot be
    used.
    """
    context = _trust(cacert)
    if certificate is not None:
        _present(context, certificate)
    return context


def make_foreign_context(cacert: str | None) -> ssl.SSLContext:
    """Return a TLS context with a client certificate that no server trusts.

    Its authority is made for this call.
    """
    import trustme

    context = _trust(cacert)
    authority = trustme.CA(organization_name="pgagents", organization_unit_name="another authority")
    authority.issue_cert("client@pgagents.example").configure_cert(context)
    return context


def _trust(cacert: str | None) -> ssl.SSLContext:
    if cacert is None:
        import httpx

        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=cacert)
    except (OSError, ssl.SSLError) as error:
        raise PgagentsError(
            f"cannot read the CA file {cacert}: {error}", "give a PEM file with --cacert"
        ) from None


def _present(context: ssl.SSLContext, certificate: CertificateFiles) -> None:
    asked: list[bool] = []

    def no_password() -> str:
        asked.append(True)
        return ""

    try:
        context.load_cert_chain(certificate.cert, certificate.key or None, no_password)
    except (OSError, ssl.SSLError) as error:
        if asked:
            message = f"the key of the client certificate {certificate.cert} is encrypted"
            help = "decrypt it into a file that only you can read, and give that with --cert-key"
        else:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            message = f"cannot use the client certificate {certificate.cert}: {reason}"
            help = "give a PEM file with --cert, and the PEM file of its key with --cert-key"
        raise PgagentsError(message, help) from None
