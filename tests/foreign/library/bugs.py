"""Bugs that a run of the server can be given, by name; none is chosen unless somebody asks."""

from typing import NamedTuple


class Bug(NamedTuple):
    """A mistake that somebody made in a real server."""

    level: str  # easy, middling or subtle to notice
    wrong: str
    section: str  # of the prose, which forbids what a client sees
    seen: str
    thread: str


BUGS: dict[str, Bug] = {
    "cancel-twice": Bug(
        "easy",
        "Only an expired hold is refused: a cancelled one can be cancelled again.",
        "8.11, 5",
        "the second cancelling is 200 instead of 409 `hold-ended`, and rewrites `ended_at` and `reason`",
        "https://github.com/calcom/cal.diy/pull/22128",
    ),
    "framework-error-body": Bug(
        "easy",
        "Faults of the query are answered by the framework's own handler.",
        "4",
        "422 for a query argument is `application/json` with `detail` as a list, not a problem",
        "https://github.com/fastapi/fastapi/issues/227",
    ),
    "page-past-end-404": Bug(
        "easy",
        "A page past the last is taken for a thing that is not there.",
        "8.1",
        "404 instead of 200 with an empty list",
        "https://github.com/marshmallow-code/flask-smorest/pull/10",
    ),
    "reader-cancels": Bug(
        "easy",
        "The role is not checked where a hold is cancelled.",
        "2",
        "a reader's key cancels a hold: 200 instead of 403 `not-allowed`",
        "https://github.com/Community-VyProjects/VyManager/issues/591",
    ),
    "unknown-member-ignored": Bug(
        "easy",
        "Members of a body that are not known are dropped.",
        "3",
        "201 or 200 instead of 422 `invalid`",
        "https://github.com/eclipse-hono/hono/issues/2020",
    ),
    "copies-without-title": Bug(
        "middling",
        "The copies are looked up without the title that they belong to.",
        "8.5",
        "200 with an empty list for a title that was never there (404) or was removed (410)",
        "https://github.com/api-platform/core/issues/1811",
    ),
    "count-ignores-states": Bug(
        "middling",
        "The count is taken before the list is filtered by state.",
        "8.8",
        "`total_records` counts holds that do not match `states`",
        "https://github.com/mathesar-foundation/mathesar/issues/338",
    ),
    "huge-id-500": Bug(
        "middling",
        "An id above the bounds of the column reaches the store.",
        "5",
        "500 for an id above 2,147,483,647 in a path instead of 404 `not-found`",
        "https://github.com/openaq/openaq-api/issues/390",
    ),
    "last-subject-counts": Bug(
        "middling",
        "Each subject filters the whole list anew, so that only the last one counts.",
        "8.1",
        "`subjects=a,b` lists titles that have b but not a",
        "https://github.com/netbox-community/netbox/issues/2558",
    ),
    "offset-in-whole-pages": Bug(
        "middling",
        "The offset is turned into a page number and rounded down.",
        "8.8",
        "an `offset` that is no multiple of `limit` gives the items of the multiple below",
        "https://github.com/modrinth/labrinth/issues/906",
    ),
    "copy-kept-after-expiry": Bug(
        "subtle",
        "Expiry changes the hold's state and does not put the copy back.",
        "5",
        "after a hold expired, `available` and `hold_id` of the copy stay; the next hold is `no-copy-free`",
        "https://github.com/chicago-tool-library/circulate/issues/639",
    ),
    "ended-when-noticed": Bug(
        "subtle",
        "An expired hold ends when the server notices it.",
        "5",
        "`ended_at` of an expired hold is later than its `expires_at`",
        "https://github.com/woocommerce/woocommerce-subscriptions-importer-exporter/issues/201",
    ),
    "holds-of-another-library": Bug(
        "subtle",
        "The query by title forgets whose holds they are.",
        "2, 8.8",
        "`GET /holds?title_id=` with another library's title lists and counts that library's holds",
        "https://github.com/open-mercato/open-mercato/issues/2696",
    ),
    "last-copy-twice": Bug(
        "subtle",
        "Looking for a free copy and taking it are two steps that another call can come between.",
        "5",
        "of two holds at the same time on the last copy both are 201, with the same `copy_id`",
        "https://github.com/be-nj/openlibry/issues/11",
    ),
    "search-wildcards": Bug(
        "subtle",
        "The search text is put into a LIKE pattern without escaping.",
        "8.1",
        "`%` and `_` in `q` find titles that do not contain them",
        "https://github.com/mevdschee/php-crud-api/issues/1038",
    ),
}

_planted: set[str] = set()


def plant(name: str) -> None:
    """Switch a bug of the list on, before the application is created."""
    if name not in BUGS:
        raise KeyError(name)
    _planted.add(name)


def planted(name: str) -> bool:
    """True if the server was started with this bug."""
    return name in _planted
