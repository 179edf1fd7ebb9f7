"""Links in answers: followed on the API's own host alone, without a key, and judged by what stands there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inprocess import inside, over_tls, verify_sandbox
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.report.report import Report
from pgagents.verify.checks.rest.links_resolve import _path
from pgagents.verify.plan.options import Options
from pgagents.verify.setting import setting_of
from verifying import model

CONTRACT = "links_resolve/receipt_url/create_session@rest"


def run(
    address: str | None = None, wrap: Callable[[Handler], Handler] = lambda handler: handler
) -> tuple[Report, list[Request]]:
    """A run of the one contract, and the requests for pages; `address` is the host that the sandbox thinks
    to have.
    """
    opened, pages = inside(model()), []
    if address is not None:
        opened.sandbox.front.site.setting.address.url = address
    inner = wrap(over_tls(opened.sandbox.handler))

    def handler(request: Request) -> Response | Silence:
        if request.path.startswith("/r/"):
            pages.append(request)
        return inner(request)

    return verify_sandbox(model(), opened, Options(only=(CONTRACT,)), handler=handler), pages


def verdict(report: Report) -> str:
    return next(r.verdict.value for r in report.results if r.contract.id == CONTRACT)


def test_link_to_the_api_is_followed_without_a_key():
    report, pages = run()
    assert verdict(report) == "kept"
    assert [page.header("authorization") for page in pages] == [None]


def test_link_to_another_host_is_not_followed():
    report, pages = run("https://pages.example")
    assert verdict(report) == "untested"
    assert pages == []


def test_link_to_a_page_that_fails_is_found():
    def failing(handler: Handler) -> Handler:
        return lambda request: Response(500, (), b"") if request.path.startswith("/r/") else handler(request)

    report, _ = run(wrap=failing)
    assert verdict(report) == "broken"


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("https://h.example/v1/r/7?a=b", "/r/7?a=b"),
        ("https://h.example/v1", "/"),
        ("https://h.example/v10/r/7", ""),
        ("https://h.example/r/7", ""),
        ("https://elsewhere.example/v1/r/7", ""),
    ],
)
def test_link_is_followed_without_the_path_of_the_base_url_which_every_request_has(link, path):
    assert _path(setting_of(model(), url="https://h.example/v1"), link) == path


def test_link_under_a_base_url_without_a_path_is_followed_as_it_is():
    assert _path(setting_of(model(), url="https://h.example/"), "https://h.example/v1/r/7") == "/v1/r/7"
