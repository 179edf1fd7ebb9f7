"""A header that is an argument is not replaced by a habit of clients, and curl lines repeat it."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.report.curl import HABITS, of_finding
from pgagents.report.report import Report
from pgagents.verify.run.requests import CLIENT_PROFILES, LANGUAGES, in_client_profile
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.call import Call
from small_api import NOTES, URL, Notes, answer, catalogue, verified

LANGUAGE = "Accept-Language"
TONGUES = ("en", "it")
OF_THE_LIST = ("invalid_input/", "valid_calls/", "key_authentication/", "no_crashes/list_notes")


def model(required: str) -> Model:
    """Return the catalogue of notes, whose list takes a language, and is refused in another one."""
    header = (
        "    input:\n      accept_language: {type: string, enum: [en, it], in: header, "
        f"wire: Accept-Language, required: {required}}}\n    errors: [REFUSED]\n"
    )
    return catalogue(NOTES, ("    http: GET /notes\n", f"    http: GET /notes\n{header}"))


def is_list(request: Request) -> bool:
    """Return whether a request asks for the list."""
    return (request.method, request.path) == ("GET", "/notes")


def by_language(server: Notes, request: Request) -> Response | None:
    """Refuse a list in any other language."""
    del server
    wrong = request.header(LANGUAGE) not in (*TONGUES, None)
    return answer(422, {"detail": "no such language"}) if is_list(request) and wrong else None


def by_one_language(server: Notes, request: Request) -> Response | None:
    """Refuse a list in any other language, and in none."""
    missing = is_list(request) and request.header(LANGUAGE) is None
    return answer(422, {"detail": "a language"}) if missing else by_language(server, request)


def crash_in_italian(server: Notes, request: Request) -> Response | None:
    """Crash at a list in Italian."""
    if is_list(request) and request.header(LANGUAGE) == "it":
        return answer(500, {"detail": "boom"})
    return by_one_language(server, request)


def run(odd: Any, required: str, **options: Any) -> tuple[Report, Notes]:
    server = Notes(odd=odd)
    return verified(model(required), server, **options), server


@pytest.mark.parametrize(("odd", "required"), [(by_one_language, "true"), (by_language, "false")])
def test_no_call_of_a_list_has_another_language_than_its_arguments(odd: Any, required: str) -> None:
    report, server = run(odd, required, only=OF_THE_LIST)
    assert [f.contract.id for f in report.findings] == []
    sent = {r.header(LANGUAGE) for r in server.log if (r.method, r.path) == ("GET", "/notes")}
    assert not sent & {language for language in LANGUAGES if language}
    assert "en" in sent


def test_a_curl_line_has_a_header_that_is_an_argument() -> None:
    report, _ = run(crash_in_italian, "true", only=("no_crashes/list_notes", "valid_calls/"))
    (crash,) = (f for f in report.findings if f.contract.check == "no_crashes")
    assert "-H 'Accept-Language: it'" in of_finding(crash, URL)


@pytest.mark.parametrize("header", sorted(HABITS))
def test_no_profile_replaces_a_header_that_is_an_argument(header: str) -> None:
    name = (
        f"    input:\n      habit: {{type: string, in: header, wire: {header}, maxLength: 9}}\n"
        "    errors: [REFUSED]\n"
    )
    endpoint = setting_of(
        catalogue(NOTES, ("    http: GET /notes\n", f"    http: GET /notes\n{name}")), URL
    ).by_place["list_notes@rest"]
    request = Request("GET", "/notes", ((header, "mine"),))
    for seed in range(len(CLIENT_PROFILES) * len(LANGUAGES) * 2):
        for intent in ("valid", "invalid"):
            call = Call(endpoint, {"habit": "mine"}, intent, "a call")
            assert in_client_profile(request, call, ["habit"], seed).header(header) == "mine"
