"""`submit --public` sees a host's addresses, pages, proof of the domain and sign-in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from calling import served
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.model.model import Model
from pgagents.submit.package import find_listing
from pgagents.submit.public import (
    MAX_BYTES,
    Visitor,
    check_addresses,
    check_challenge,
    check_pages,
    check_sign_in,
    is_public,
    reach,
)
from pgagents.submit.store import find_store
from verifying import ROOT, model

MCP = "https://mcp.lending.example/mcp"
RESOURCE = "https://mcp.lending.example/.well-known/oauth-protected-resource/mcp"
ISSUER = "https://login.example"
SURFACE, STORE = find_store("openai")
Answers = Mapping[str, Response | Silence]


def library() -> Model:
    return model(ROOT / "tests" / "catalogues" / "library.yaml")


def page(
    text: str = "A page with enough words to read.", kind: str = "text/html", status: int = 200
) -> Response:
    return Response(status, (("Content-Type", kind),), text.encode())


def data(value: Any) -> Response:
    return page(json.dumps(value), "application/json")


def moved(to: str) -> Response:
    return Response(302, (("Location", to),), b"")


class Web:
    """Public hosts: answers by URL; others are 404. `private` are hosts that the public cannot reach."""

    def __init__(self, answers: Answers, private: tuple[str, ...] = ("10.0.0.1", "169.254.169.254")) -> None:
        self.answers, self.private = answers, private
        self.seen: list[tuple[str, Request]] = []

    def reach(self, base: str) -> Handler:
        def handler(request: Request) -> Response | Silence:
            url = base + request.target
            self.seen.append((url, request))
            return self.answers.get(url, page("nothing here, sorry", status=404))

        return handler

    @property
    def visitor(self) -> Visitor:
        return Visitor(self.reach, lambda host: host not in self.private)


REFUSAL = Response(401, (("WWW-Authenticate", f'Bearer resource_metadata="{RESOURCE}"'),), b"")
PROTECTED = {"resource": MCP, "authorization_servers": [ISSUER]}
SERVER = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "code_challenge_methods_supported": ["S256"],
}
METADATA = f"{ISSUER}/.well-known/oauth-authorization-server"
GOOD: Answers = {MCP: REFUSAL, RESOURCE: data(PROTECTED), METADATA: data(SERVER)}


def sign_in(answers: Answers) -> tuple[list[str], Web]:
    web = Web(answers)
    return [lack.message for lack in check_sign_in(library(), STORE, web.visitor, MCP)], web


LEGAL: Mapping[str, Answers] = {
    "oauth": GOOD,
    "no sign-in": {MCP: page("{}", "application/json")},
    "no sign-in, and a call that is refused": {MCP: page("{}", "application/json", 400)},
    "metadata at the usual place, which the 401 does not name": {**GOOD, MCP: Response(401)},
    "openid connect": {
        MCP: REFUSAL,
        RESOURCE: data(PROTECTED),
        f"{ISSUER}/.well-known/openid-configuration": data(SERVER),
    },
    "a slash behind the issuer": {
        **GOOD,
        RESOURCE: data({**PROTECTED, "authorization_servers": [f"{ISSUER}/"]}),
    },
    "a slash behind the resource": {**GOOD, RESOURCE: data({**PROTECTED, "resource": f"{MCP}/"})},
}


@pytest.mark.parametrize("name", LEGAL)
def test_sign_in_that_a_store_can_use_is_accepted(name: str) -> None:
    found, web = sign_in(LEGAL[name])
    assert found == []
    assert not any(request.header("Authorization") for _, request in web.seen)


WRONG: Mapping[str, tuple[Answers, str]] = {
    "a bearer key alone": ({MCP: Response(401)}, "it takes a key alone"),
    "metadata that are gone": ({MCP: REFUSAL}, "the metadata that its 401 names cannot be read"),
    "no server": ({**GOOD, RESOURCE: data({"resource": MCP})}, "name no authorization server"),
    "another resource": (
        {**GOOD, RESOURCE: data({**PROTECTED, "resource": "https://other.example/mcp"})},
        "for another resource",
    ),
    "another issuer": ({**GOOD, METADATA: data({**SERVER, "issuer": "https://x.example"})}, "calls itself"),
    "no PKCE": (
        {**GOOD, METADATA: data({**SERVER, "code_challenge_methods_supported": ["plain"]})},
        "PKCE with S256",
    ),
    "no token endpoint": (
        {**GOOD, METADATA: data({k: v for k, v in SERVER.items() if k != "token_endpoint"})},
        "no public `token_endpoint`",
    ),
    "a private authorization endpoint": (
        {**GOOD, METADATA: data({**SERVER, "authorization_endpoint": "https://10.0.0.1/a"})},
        "no public `authorization_endpoint`",
    ),
    "a server that crashes": ({MCP: Response(500)}, "a call without a token is 500"),
    "no answer": ({MCP: Silence("timeout", "")}, "no answer (timeout)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_sign_in_that_no_store_can_use_is_told(name: str) -> None:
    answers, said = WRONG[name]
    found, _ = sign_in(answers)
    assert any(said in message for message in found), found


@pytest.mark.parametrize(
    "place", ["https://169.254.169.254/latest", "http://a.example/", "https://u:p@a.example/"]
)
def test_no_private_address_is_ever_asked(place: str) -> None:
    named = Response(401, (("WWW-Authenticate", f'Bearer resource_metadata="{place}"'),), b"")
    found, web = sign_in({MCP: named})
    assert len(found) == 1
    assert [url for url, _ in web.seen] == [MCP]
    _, web = sign_in({MCP: REFUSAL, RESOURCE: moved(place)})
    assert [url for url, _ in web.seen] == [MCP, RESOURCE]


PAGES: Mapping[str, tuple[Response | Silence, str]] = {
    "a page": (page(), ""),
    "plain text": (page(kind="text/plain; charset=utf-8"), ""),
    "a page elsewhere": (moved("https://www.lending.example/privacy"), ""),
    "no page": (page(status=404), "it answers 404"),
    "an empty page": (page(" "), "it is empty"),
    "data": (page(kind="application/json"), "its media type is application/json"),
    "a page without TLS": (moved("http://lending.example/privacy"), "it does not begin with https://"),
    "a page inside": (moved("https://10.0.0.1/privacy"), "not a host that the public can reach"),
    "a circle": (moved("/privacy"), "it redirects more than 3 times"),
    "nothing": (Silence("too-large", ""), "no answer: too-large"),
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_a_listing_are_read_as_a_reviewer_reads_them(name: str) -> None:
    answer, said = PAGES[name]
    listing = find_listing(library(), SURFACE, STORE)
    web = Web(
        {
            **{str(getattr(listing, key)): page() for key in ("support", "terms")},
            f"{listing.website}/": page(),
            str(listing.privacy): answer,
            "https://www.lending.example/privacy": page(),
        }
    )
    found = [lack.message for lack in check_pages(listing, STORE, web.visitor)]
    assert len(found) == bool(said)
    assert all(said in message and "`privacy`" in message for message in found)


CHALLENGES: Mapping[str, tuple[Response, str, str]] = {
    "the token": (page("token-of-the-form\n", "text/plain"), "token-of-the-form", ""),
    "a token": (page("token-of-the-form", "text/plain"), "", ""),
    "another token": (page("token-of-another", "text/plain"), "token-of-the-form", "another token"),
    "json": (page('{"token":"token-of-the-form"}', "application/json"), "", "not a single token"),
    "several": (page("token-one\ntoken-two", "text/plain"), "", "not a single token"),
    "a page": (page(), "", "not a single token"),
    "nothing": (page(status=404), "", "it answers 404"),
}


@pytest.mark.parametrize("name", CHALLENGES)
def test_proof_of_the_domain_is_one_token_as_text(name: str) -> None:
    answer, token, said = CHALLENGES[name]
    web = Web({"https://mcp.lending.example/.well-known/openai-apps-challenge": answer})
    found = [lack.message for lack in check_challenge(library(), STORE, web.visitor, MCP, token)]
    assert len(found) == bool(said)
    assert all(said in message for message in found)


def test_proved_addresses_are_those_of_the_package() -> None:
    of = library()
    server = str(of.api.server)
    host, hosted = urlsplit(server).hostname or "", str(of.mcp_server.url) if of.mcp_server else ""

    def tell(web: Web, url: str) -> list[str]:
        return [lack.message for lack in check_addresses(of, web.visitor, url, hosted)]

    assert tell(Web({}), server) == []
    assert "was proved at https://staging.example" in tell(Web({}), "https://staging.example")[0]
    assert "is not public" in tell(Web({}, private=(host,)), server)[0]


def test_this_machine_is_not_public_and_its_answers_are_bounded() -> None:
    assert not is_public("127.0.0.1")
    assert not is_public("[::1]")
    assert not is_public("10.1.2.3")
    assert not is_public("no-such-host.invalid")
    with served(lambda _: Response(200, (), b"x" * (MAX_BYTES + 1))) as url:
        assert isinstance(reach(url)(Request("GET", "/")), Silence)
