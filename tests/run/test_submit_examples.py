"""A store sees the catalogue's examples in the list of tools, so a submission calls each of them first."""

from __future__ import annotations

import pytest

from pgagents.base.http import Request, Response, read_json
from pgagents.submit.evidence import find_example_lacks
from small_api import Notes, answer, verified, with_resource

END = "    errors: [REFUSED]\n"
EXAMPLE = (f"{END}  get_note:", f"{END}    examples: {{milk: {{input: {{text: milk}}}}}}\n  get_note:")


class Picky(Notes):
    """Refuses a note about milk, which nothing in its catalogue says."""

    def __call__(self, request: Request) -> Response:
        body = read_json(request.body).value if request.method == "POST" else None
        if isinstance(body, dict) and body.get("text") == "milk":
            return answer(422, {"detail": "no milk"})
        return super().__call__(request)


@pytest.mark.parametrize(("server", "lacks"), [(Notes, 0), (Picky, 1)])
def test_an_example_that_the_server_refuses_stops_a_submission(server: type[Notes], lacks: int) -> None:
    report = verified(with_resource(EXAMPLE), server(), only=("valid_calls/example/",))
    found = list(find_example_lacks(report))
    assert len(found) == lacks
    for lack in found:
        assert "the example `milk` of create_note is accepted; 422" in lack.message
        assert lack.origin[-2:] == ("examples", "milk")
