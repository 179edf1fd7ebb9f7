"""Deliver events: signed, to a checked address, and repeated with growing pauses."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import random
import re
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pgagents.catalogue.model.credential import SignatureScheme
from pgagents.sandbox import targets_allowed
from pgagents.sandbox.outbox import Delivery, Outbox
from pgagents.sandbox.targets_allowed import Ip, Resolve, WebhookTarget

STRIPE = "t_v1_hmac_sha256"
"""The format that `sign` makes."""
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 600.0
MOST_ATTEMPTS = 10
"""Most attempts. The last one is about a quarter of an hour after the first."""
TOTAL_S = 10.0
CONNECT_S = 5.0
MOST_ANSWER_BYTES = 65_536
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Parcel:
    """One HTTP delivery: its target, the address to connect to, headers and body."""

    target: WebhookTarget
    address: Ip
    headers: tuple[tuple[str, str], ...]
    body: bytes


Post = Callable[[Parcel], str]
"""A function that sends a parcel. It returns an empty text for a 2xx, else the reason of the failure.

It never raises an exception.
"""


class Courier:
    """Deliver the outbox's events to their webhooks.

    A fault may replace `sign`, `make_headers`, `compose` or `id_of`.
    """

    def __init__(
        self,
        outbox: Outbox,
        header: str,
        scheme: SignatureScheme | None,
        wall: Callable[[], float],
        rng: random.Random,
        post: Post,
        resolve: Resolve,
        *,
        allow_loopback: bool,
    ) -> None:
        self.outbox = outbox
        self.header = header
        self.scheme = scheme
        self.sign = sign
        self.make_headers: Callable[..., dict[str, str]] = self._make_headers
        self.compose: Callable[[Delivery], bytes] = lambda delivery: delivery.body
        self.id_of: Callable[[Delivery], str] = lambda delivery: delivery.event_id
        self._wall = wall
        self._rng = rng
        self._post = post
        self._resolve = resolve
        self._allow_loopback = allow_loopback

    def _make_headers(self, secret: str, body: bytes, now: float, id: str) -> dict[str, str]:
        """Return the headers that sign a delivery; empty if the catalogue has no signature."""
        if self.scheme is None:
            return {}
        if self.scheme.name == STRIPE:
            return {self.header: self.sign(secret, body, now)}
        return make_headers(self.scheme, self.header, secret, body, now, id)

    def round(self) -> int:
        """Send the due deliveries and return the number of attempts.

        Several webhooks are served at once, each in order.
        """
        with self.outbox.store.lock:
            due = list(self.outbox.due().values())
        if len(due) < 2:
            return sum(map(self._batch, due))
        return _at_once(self._batch, due[:_AT_ONCE])

    def _batch(self, deliveries: Sequence[Delivery]) -> int:
        """Send one webhook's deliveries in order; after a failure the rest wait for the next round."""
        for tried, delivery in enumerate(deliveries, 1):
            note, final = self._send(delivery)
            with self.outbox.store.transaction():
                if not note:
                    self.outbox.mark_delivered(delivery)
                    continue
                last = final or delivery.attempts + 1 >= MOST_ATTEMPTS
                self.outbox.mark_failed(
                    delivery, note, None if last else pause_s(delivery.attempts, self._rng)
                )
            return tried
        return len(deliveries)

    def _send(self, delivery: Delivery) -> tuple[str, bool]:
        """Send one delivery; return why it failed (empty for success) and whether the failure is final."""
        found = self._find_target(delivery.url)
        if isinstance(found[0], str):
            return found
        target, address = found
        body = self.compose(delivery)
        secret, now = self.outbox.secret(delivery.webhook_id), self._wall()
        signed = self.make_headers(secret, body, now, self.id_of(delivery))
        headers = (
            ("Content-Type", "application/json"),
            ("User-Agent", "pgagents-sandbox"),
            *signed.items(),
        )
        return self._post(Parcel(target, address, headers, body)), False

    def visit(self, url: str) -> str:
        """Send an empty request to an address, if events may be sent to it. Return why it failed."""
        found = self._find_target(url)
        if isinstance(found[0], str):
            return found[0]
        return self._post(Parcel(found[0], found[1], (("User-Agent", "pgagents-sandbox"),), b""))

    def _find_target(self, url: str) -> tuple[WebhookTarget, Ip] | tuple[str, bool]:
        """Return an address to connect to; or why nothing may be sent, and True if that is final."""
        target = targets_allowed.read(url)
        if isinstance(target, str):
            return f"the target {target}", True
        found = targets_allowed.addresses(
            target.host, allow_loopback=self._allow_loopback, resolve=self._resolve
        )
        if isinstance(found, str):
            return f"the target {found}", False  # the name may have another address later
        if not found:
            return "the target's name does not resolve", False
        return target, found[0]


def _at_once(work: Callable[[Sequence[Delivery]], int], batches: Sequence[Sequence[Delivery]]) -> int:
    """Run the work on each batch in its own daemon thread, and return the sum of the results.

    A slow target never delays the end of the process.
    """
    done: list[int] = []
    failed: list[BaseException] = []

    def one(batch: Sequence[Delivery]) -> None:
        try:
            done.append(work(batch))
        except BaseException as error:  # raised again below, in the caller's thread
            failed.append(error)

    threads = [threading.Thread(target=one, args=(batch,), daemon=True) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return sum(done)


def pause_s(attempts: int, rng: random.Random) -> float:
    """Return the seconds before the next attempt: doubled each time, bounded, with a random upper half."""
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempts) * (0.5 + rng.random() / 2))


class HttpsPost:
    """Posts over TLS. A loopback address may present any certificate, because no public authority
    certifies it.
    """

    def __init__(self) -> None:
        self._contexts: dict[bool, ssl.SSLContext] = {}

    def __call__(self, parcel: Parcel) -> str:
        """Send a parcel.

        The time of the exchange and the size of the answer are limited. Redirects are not followed.
        """
        try:
            return asyncio.run(self._exchange_in_time(parcel))
        except TimeoutError:
            return f"no answer within {TOTAL_S:.0f} s"
        # any error of a peer is a failed delivery, and must not stop other deliveries
        except Exception as error:
            return f"{type(error).__name__}: {error}"[:200]

    async def _exchange_in_time(self, parcel: Parcel) -> str:
        async with asyncio.timeout(TOTAL_S):
            return await self._exchange(parcel)

    async def _exchange(self, parcel: Parcel) -> str:
        import httpx

        target = parcel.target
        url = httpx.URL(
            scheme="https", host=str(parcel.address), port=target.port, raw_path=target.path.encode("ascii")
        )
        headers = [
            *parcel.headers,
            ("Host", target.authority),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        ]
        async with (
            httpx.AsyncClient(
                verify=self._context(parcel.address.is_loopback),
                trust_env=False,
                timeout=httpx.Timeout(TOTAL_S, connect=CONNECT_S),
            ) as client,
            client.stream(
                "POST", url, content=parcel.body, headers=headers, extensions={"sni_hostname": target.host}
            ) as answer,
        ):
            size_bytes = 0
            async for part in answer.aiter_raw():
                size_bytes += len(part)
                if size_bytes > MOST_ANSWER_BYTES:
                    break
            return "" if answer.is_success else f"answered {answer.status_code}"

    def _context(self, loopback: bool) -> ssl.SSLContext:
        if loopback not in self._contexts:
            import httpx

            context = httpx.create_ssl_context()
            if loopback:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._contexts[loopback] = context
        return self._contexts[loopback]


# -- signatures


LIVES_S = 300.0
PREFIX = "whsec_"


def sign(secret: str, body: bytes, now: float) -> str:
    """Return the signature header's value for these bytes at this time (epoch seconds)."""
    return f"t={int(now)},v1={_mac(secret, str(int(now)), body)}"


def find_stripe_error(header: str, body: bytes, secret: str, now: float, tolerance_s: float) -> str:
    """Return why a header does not sign this body; empty if it does. It compares in constant time."""
    parts = [part.strip().partition("=")[::2] for part in header.split(",")]
    times = [value for name, value in parts if name == "t"]
    given = [value for name, value in parts if name == "v1"]
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,12}", times[0]) or not given:
        return "the header is not of the form t=SECONDS,v1=HEX"
    expected = _mac(secret, times[0], body).encode()
    fits = [hmac.compare_digest(expected, value.encode("utf-8", "replace")) for value in given]
    if not any(fits):
        return "the signature does not fit the body and the secret"
    age_s = now - int(times[0])
    if abs(age_s) > tolerance_s:
        when = f"{age_s:,.0f} s old" if age_s > 0 else f"{-age_s:,.0f} s in the future"
        return f"the signature fits, but it is {when}; at most {tolerance_s:,.0f} s are allowed"
    return ""


def _mac(secret: str, seconds: str, body: bytes) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()


def make_headers(
    scheme: SignatureScheme, header: str, secret: str, body: bytes, now: float, id: str
) -> dict[str, str]:
    """Return the headers that sign a message in a format."""
    seconds = str(int(now))
    value = scheme.first.format(time=seconds) + scheme.each.format(
        mac=_encode(scheme, secret, body, seconds, id)
    )
    found = {header: value}
    if scheme.time_header:
        found[scheme.time_header] = seconds
    if scheme.id_header:
        found[scheme.id_header] = id
    return found


def find_error(
    scheme: SignatureScheme,
    given: Mapping[str, str],
    body: bytes,
    secret: str,
    now: float,
    tolerance_s: float,
) -> str:
    """Describe why a signature does not fit; empty if it does.

    `given` has the signature under `header`, and `time` and `id` if the format has headers for them.
    """
    value = given.get("header", "").strip()
    whole = re.fullmatch(scheme.form, value)
    if whole is None:
        return f"the header is not of the form of {scheme.name}"
    seconds = given.get("time", "") if scheme.time_header else whole.groupdict().get("time", "")
    if scheme.timed and not re.fullmatch(r"[0-9]{1,12}", seconds):
        return "the signed time is missing"
    expected = _encode(scheme, secret, body, seconds, given.get("id", "")).encode()
    if not any(hmac.compare_digest(expected, mac.encode()) for mac in re.findall(scheme.pick, value)):
        return "the signature does not fit the body and the secret"
    if scheme.timed and abs(now - int(seconds)) > tolerance_s:
        return "the signature fits, but its time is too far from now"
    return ""


def _encode(scheme: SignatureScheme, secret: str, body: bytes, seconds: str, id: str) -> str:
    before, _, after = scheme.content.partition("{body}")
    signed = before.format(time=seconds, id=id).encode() + body + after.encode()
    key = secret.encode()
    if scheme.coded_secret:
        coded = secret.removeprefix(PREFIX)
        key = base64.b64decode(coded + "=" * (-len(coded) % 4))
    mac = hmac.new(key, signed, hashlib.sha256)
    return mac.hexdigest() if scheme.encoding == "hex" else base64.b64encode(mac.digest()).decode()
