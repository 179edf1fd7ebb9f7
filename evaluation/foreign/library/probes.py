"""Looks at the library server that show its bugs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx

from evaluation.foreign.probes import Probes

PROBES = Probes()

HEADERS = {"X-API-Key": "lib_test_StaffMain000000000000000"}
OTHER = {"X-API-Key": "lib_test_StaffTwo0000000000000000"}
READER = {"X-API-Key": "lib_test_Reader000000000000000000"}
OPERATOR = {"X-API-Key": "lib_op_Operator0000000000000000"}
TITLE = {"title": "Clouds", "authors": ["A"], "copies": 1}


def _advance(api: httpx.Client, hours: int) -> None:
    answer = api.post("/clock", json={"advance_s": hours * 3600}, headers=OPERATOR)
    assert answer.status_code == 200


@PROBES.of("cancel-twice", right=(409, "moved"), buggy=(200, "again"))
def _cancel_twice(api: httpx.Client) -> object:
    assert api.post("/holds/1/cancel", json={"reason": "moved"}).status_code == 200
    second = api.post("/holds/1/cancel", json={"reason": "again"})
    return second.status_code, api.get("/holds/1").json()["reason"]


@PROBES.of(
    "framework-error-body",
    right=(422, "application/problem+json", ["detail", "errors", "status", "title", "type"]),
    buggy=(422, "application/json", ["detail"]),
)
def _framework_error_body(api: httpx.Client) -> object:
    answer = api.get("/titles?page=0")
    return answer.status_code, answer.headers["content-type"], sorted(answer.json())


@PROBES.of("page-past-end-404", right=200, buggy=404)
def _page_past_end(api: httpx.Client) -> object:
    return api.get("/titles?page=2").status_code


@PROBES.of("reader-cancels", right=403, buggy=200)
def _reader_cancels(api: httpx.Client) -> object:
    return api.post("/holds/1/cancel", json={}, headers=READER).status_code


@PROBES.of("unknown-member-ignored", right=422, buggy=201)
def _unknown_member(api: httpx.Client) -> object:
    return api.post("/titles", json={**TITLE, "publisher": "B"}).status_code


@PROBES.of("copies-without-title", right=(404, 410), buggy=(200, 200))
def _copies_without_title(api: httpx.Client) -> object:
    assert api.delete("/titles/3").status_code == 204
    return api.get("/titles/99/copies").status_code, api.get("/titles/3/copies").status_code


@PROBES.of("count-ignores-states", right=(0, 0), buggy=(0, 1))
def _count_ignores_states(api: httpx.Client) -> object:
    page = api.get("/holds?states=cancelled").json()
    return len(page["holds"]), page["total_records"]


@PROBES.of("huge-id-500", right=404, buggy=500)
def _huge_id(api: httpx.Client) -> object:
    return api.get("/titles/2147483648").status_code


@PROBES.of("last-subject-counts", right=[], buggy=[2])
def _last_subject(api: httpx.Client) -> object:
    return [title["id"] for title in api.get("/titles?subjects=nature,history").json()["titles"]]


@PROBES.of("offset-in-whole-pages", right=[2, 1], buggy=[3, 2])
def _offset_in_whole_pages(api: httpx.Client) -> object:
    for title in (1, 3):
        assert api.post("/holds", json={"title_id": title, "patron_id": 1}).status_code == 201
    return [hold["id"] for hold in api.get("/holds?offset=1&limit=2").json()["holds"]]


@PROBES.of("copy-kept-after-expiry", right=("expired", 3), buggy=("expired", 2))
def _copy_kept(api: httpx.Client) -> object:
    _advance(api, 24)
    return api.get("/holds/1").json()["state"], api.get("/titles/1").json()["available"]


@PROBES.of("ended-when-noticed", right=True, buggy=False)
def _ended_when_noticed(api: httpx.Client) -> object:
    _advance(api, 25)
    hold = api.get("/holds/1").json()
    return hold["ended_at"] == hold["expires_at"]


@PROBES.of("holds-of-another-library", right=0, buggy=1)
def _holds_of_another(api: httpx.Client) -> object:
    assert api.post("/holds", json={"title_id": 4, "patron_id": 3}, headers=OTHER).status_code == 201
    return api.get("/holds?title_id=4").json()["total_records"]


@PROBES.of("last-copy-twice", right=False, buggy=True)
def _last_copy_twice(api: httpx.Client) -> object:
    def place(title: int, patron: int) -> int:
        return api.post("/holds", json={"title_id": title, "patron_id": patron, "hours": 1}).status_code

    for _ in range(5):  # two calls may miss each other
        title = api.post("/titles", json=TITLE).json()["id"]
        with ThreadPoolExecutor(2) as threads:
            if list(threads.map(place, [title] * 2, [1, 2])) == [201, 201]:
                return True
        _advance(api, 1)
    return False


@PROBES.of("search-wildcards", right=(0, 0), buggy=(3, 1))
def _search_wildcards(api: httpx.Client) -> object:
    found = [api.get("/titles", params={"q": text}).json()["total"] for text in ("%", "m_ps")]
    return tuple(found)


@PROBES.of("email-by-case", right=409, buggy=201)
def _email_by_case(api: httpx.Client) -> object:
    return api.post("/patrons", json={"name": "N", "email": "NORA@example.com"}).status_code


@PROBES.of("location-without-base", right="/v1/titles/5", buggy="/titles/5")
def _location(api: httpx.Client) -> object:
    return api.post("/titles", json=TITLE).headers["location"]


@PROBES.of("search-by-case", right=[2], buggy=[])
def _search_by_case(api: httpx.Client) -> object:
    return [title["id"] for title in api.get("/titles?q=maps").json()["titles"]]


@PROBES.of("total-of-page", right=(3, 3), buggy=(1, 1))
def _total_of_page(api: httpx.Client) -> object:
    page = api.get("/titles?per_page=1").json()
    return page["total"], page["pages"]


@PROBES.of("free-false-ignored", right=[1], buggy=[1, 2, 3])
def _free_false(api: httpx.Client) -> object:
    return [copy["id"] for copy in api.get("/titles/1/copies?free=false").json()]


@PROBES.of("greatest-limit-refused", right=(99, 100), buggy=(99, 20))
def _greatest_limit(api: httpx.Client) -> object:
    return tuple(api.get(f"/holds?limit={limit}").json()["limit"] for limit in (99, 100))


@PROBES.of("nulls-first", right=[1998, 2011, None], buggy=[None, 1998, 2011])
def _nulls_first(api: httpx.Client) -> object:
    return [title["published_year"] for title in api.get("/titles?sort=year").json()["titles"]]


@PROBES.of("texts-trimmed", right=" Clouds ", buggy="Clouds")
def _texts_trimmed(api: httpx.Client) -> object:
    return api.post("/titles", json={**TITLE, "title": " Clouds "}).json()["title"]


@PROBES.of("holds-go-with-title", right=(200, 1), buggy=(200, 0))
def _holds_go(api: httpx.Client) -> object:
    assert api.post("/holds/1/cancel", json={}).status_code == 200
    assert api.delete("/titles/1").status_code == 204
    return api.get("/holds/1").status_code, api.get("/holds").json()["total_records"]


@PROBES.of("ids-sorted-as-text", right=[10, 9, 8], buggy=[9, 8, 7])
def _ids_sorted(api: httpx.Client) -> object:
    for _ in range(6):
        api.post("/titles", json=TITLE)
    return [title["id"] for title in api.get("/titles?sort=-id&per_page=3").json()["titles"]]


@PROBES.of("head-refused", right=(200, 200), buggy=(200, 405))
def _head(api: httpx.Client) -> object:
    return api.get("/patrons/1").status_code, api.head("/patrons/1").status_code


@PROBES.of("nul-reaches-store", right=422, buggy=500)
def _nul(api: httpx.Client) -> object:
    return api.get("/titles?q=%00").status_code


@PROBES.of("pages-rounded-down", right=(3, 2), buggy=(3, 1))
def _pages_rounded(api: httpx.Client) -> object:
    page = api.get("/titles?per_page=2").json()
    return page["total"], page["pages"]


@PROBES.of("booleans-are-integers", right=422, buggy=201)
def _booleans(api: httpx.Client) -> object:
    return api.post("/titles", json={**TITLE, "copies": True}).status_code


@PROBES.of("cancelled-holds-count", right=(0, 201), buggy=(0, 409))
def _cancelled_count(api: httpx.Client) -> object:
    hold = {"title_id": 1, "patron_id": 1}
    for _ in range(5):
        made = api.post("/holds", json=hold).json()["id"]
        assert api.post(f"/holds/{made}/cancel", json={}).status_code == 200
    return api.get("/patrons/1").json()["ready_holds"], api.post("/holds", json=hold).status_code


@PROBES.of("forbidden-if-it-exists", right=(404, 404), buggy=(403, 404))
def _forbidden(api: httpx.Client) -> object:
    return api.get("/titles/4").status_code, api.get("/titles/99").status_code


@PROBES.of("lengths-in-bytes", right=(201, 201), buggy=(201, 422))
def _lengths(api: httpx.Client) -> object:
    return tuple(api.post("/titles", json={**TITLE, "title": text * 200}).status_code for text in "eé")


@PROBES.of("local-times-as-utc", right=0, buggy=-4)
def _local_times(api: httpx.Client) -> object:
    told = datetime.fromisoformat(api.post("/titles", json=TITLE).json()["created_at"])
    return round((told - datetime.now(UTC)).total_seconds() / 3600)


@PROBES.of("address-twice-at-once", right=False, buggy=True)
def _address_twice(api: httpx.Client) -> object:
    def make(email: str) -> int:
        return api.post("/patrons", json={"name": "N", "email": email}).status_code

    for number in range(5):  # two calls may miss each other
        with ThreadPoolExecutor(2) as threads:
            if list(threads.map(make, [f"n{number}@example.com"] * 2)) == [201, 201]:
                return True
    return False


@PROBES.of("ties-in-any-order", right=True, buggy=False)
def _ties(api: httpx.Client) -> object:
    made = [api.post("/titles", json={**TITLE, "published_year": 1500}).json()["id"] for _ in range(10)]
    pages = [api.get(f"/titles?sort=year&per_page=2&page={page}").json() for page in range(1, 6)]
    return made == [title["id"] for page in pages for title in page["titles"]]


@PROBES.of("per-page-cut", right=(422, None), buggy=(200, 50))
def _per_page_cut(api: httpx.Client) -> object:
    answer = api.get("/titles?per_page=51")
    return answer.status_code, answer.json().get("per_page")


@PROBES.of(
    "key-refusal-is-plain", right=(401, "application/problem+json"), buggy=(401, "text/plain; charset=utf-8")
)
def _key_refusal(api: httpx.Client) -> object:
    answer = api.get("/titles", headers={"X-API-Key": "lib_test_Nobody000000000000000000"})
    return answer.status_code, answer.headers["content-type"]


@PROBES.of("made-is-ok", right=(201, 201, 201), buggy=(200, 200, 200))
def _made(api: httpx.Client) -> object:
    title = api.post("/titles", json=TITLE)
    patron = api.post("/patrons", json={"name": "A", "email": "made@example.com"})
    hold = api.post("/holds", json={"title_id": title.json()["id"], "patron_id": patron.json()["id"]})
    return title.status_code, patron.status_code, hold.status_code


@PROBES.of("missing-row-500", right=(404, 404), buggy=(500, 500))
def _missing_row(api: httpx.Client) -> object:
    hold = api.post("/holds", json={"title_id": 1, "patron_id": 99})
    return api.get("/patrons/99").status_code, hold.status_code


@PROBES.of("page-is-first", right=([2], 2), buggy=([1], 2))
def _page_is_first(api: httpx.Client) -> object:
    found = api.get("/titles?per_page=1&page=2").json()
    return [title["id"] for title in found["titles"]], found["page"]


@PROBES.of("reader-kept-from-copies", right=(200, 200), buggy=(403, 200))
def _reader_copies(api: httpx.Client) -> object:
    paths = "/titles/1/copies", "/titles/1"
    return tuple(api.get(path, headers=READER).status_code for path in paths)


@PROBES.of("ready-holds-not-counted", right=1, buggy=0)
def _ready_holds(api: httpx.Client) -> object:
    return api.get("/patrons/2").json()["ready_holds"]


@PROBES.of("total-of-a-join", right=(3, 3), buggy=(2, 3))
def _total_of_a_join(api: httpx.Client) -> object:
    found = api.get("/titles").json()
    return found["total"], len(found["titles"])


@PROBES.of("refusal-is-200", right=(404, 409, 404), buggy=(200, 200, 200))
def _refusal_is_200(api: httpx.Client) -> object:
    again = api.post("/holds", json={"title_id": 1, "patron_id": 2})
    missing = api.get("/titles/99")
    assert missing.json()["status"] == 404
    return missing.status_code, again.status_code, api.get("/holds/99").status_code


@PROBES.of("holds-path-unknown", right=(200, 201, 200), buggy=(404, 404, 200))
def _holds_path(api: httpx.Client) -> object:
    placed = api.post("/holds", json={"title_id": 3, "patron_id": 1})
    return api.get("/holds").status_code, placed.status_code, api.get("/holds/1").status_code


@PROBES.of("patron-is-html", right=(200, "application/json"), buggy=(200, "text/html"))
def _patron_is_html(api: httpx.Client) -> object:
    answer = api.get("/patrons/1")
    return answer.status_code, answer.headers["content-type"].partition(";")[0]


@PROBES.of("hours-ignored", right=(1, 48), buggy=(48, 48))
def _hours_ignored(api: httpx.Client) -> object:
    hold = {"title_id": 3, "patron_id": 1, "hours": 1}
    return api.post("/holds", json=hold).json()["hours"], api.get("/holds/1").json()["hours"] + 24


@PROBES.of("copies-without-key", right=(401, 401, 200), buggy=(200, 200, 200))
def _copies_without_key(api: httpx.Client) -> object:
    keys = ({"X-API-Key": key} for key in ("", "lib_test_Nobody000000000000000000"))
    known = api.get("/titles/1/copies").status_code
    return (*(api.get("/titles/1/copies", headers=key).status_code for key in keys), known)


@PROBES.of("no-holds-500", right=(200, 200), buggy=(500, 200))
def _no_holds(api: httpx.Client) -> object:
    return tuple(api.get(f"/holds?patron_id={patron}").status_code for patron in (1, 2))


@PROBES.of("patron-cached-by-id", right=(404, 404), buggy=(404, 200))
def _patron_cached(api: httpx.Client) -> object:
    before = api.get("/patrons/1", headers=OTHER).status_code
    assert api.get("/patrons/1").status_code == 200
    return before, api.get("/patrons/1", headers=OTHER).status_code


@PROBES.of("email-taken-is-malformed", right=(409, "email-taken"), buggy=(400, "malformed"))
def _email_taken(api: httpx.Client) -> object:
    answer = api.post("/patrons", json={"name": "N", "email": "nora@example.com"})
    return answer.status_code, answer.json()["type"].rpartition("/")[2]
