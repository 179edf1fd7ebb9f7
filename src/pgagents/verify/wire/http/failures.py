"""Tell why no answer came, by the errors of httpcore."""

from __future__ import annotations

from pgagents.http import Silence


def list_failures() -> tuple[type[Exception], ...]:
    """Return the library's errors which mean that no answer came."""
    import httpcore

    return (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
        httpcore.ConnectionNotAvailable,
    )


def silence_of(error: Exception) -> Silence:
    """Return the silence that an error of the library means."""
    import httpcore

    text = str(error)[:200]
    if isinstance(error, httpcore.TimeoutException):
        return Silence("timeout", text or "no answer in time")
    cause = str(error.__cause__ or error.__context__ or "")
    if isinstance(error, httpcore.ConnectError):
        return Silence(
            "tls" if "ssl" in (text + cause).lower() or "certificate" in text.lower() else "refused", text
        )
    if isinstance(error, httpcore.NetworkError):
        return Silence("reset", text or "the connection was cut")
    if isinstance(error, httpcore.RemoteProtocolError) and "without sending" in text:
        return Silence("reset", text)
    return Silence("protocol", text or type(error).__name__)
