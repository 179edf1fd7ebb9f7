"""Property tests of Park Graph 1.4.0: is a running server what openapi/openapi.json says?

Made by pgagents from park_graph.yaml; change that, not this. Needs `pip install pytest schemathesis` (and pytest-xdist for `-n auto`).

    PGAGENTS_URL=https://staging.example.com PGAGENTS_TOKEN=... pytest test_contracts.py

PGAGENTS_URL           the server, without the paths of the document
PGAGENTS_TOKEN         a key, sent as a bearer token
PGAGENTS_ALLOW_WRITES  1: write with any key; a test key may always write. Operations that make something are called (what they
                       made stays, and is counted), and those that change something with ids that nobody has
PGAGENTS_ALLOW         operationIds, separated by commas: call these whatever they change, remove or cost
PGAGENTS_EXAMPLES      generated calls an operation beside the systematic ones (10)

Calls are paced by the API's limits, then by what the server's headers tell; the worker processes of `-n` share that pace.
Calls that the server puts off (429, 503) are repeated after Retry-After and judged only once they are answered.
"""

import json
import os
import re
import secrets
import time
import warnings
from collections import Counter
from pathlib import Path

import hypothesis
import jsonschema_rs
import pytest
import requests
import schemathesis
from schemathesis import Config, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

URL = os.environ.get("PGAGENTS_URL", "").rstrip("/")
TOKEN = os.environ.get("PGAGENTS_TOKEN", "")
EXAMPLES = int(os.environ.get("PGAGENTS_EXAMPLES", "10"))
NEEDS_KEY = True
TEST_PREFIXES = ['pk_test_']
MAY_WRITE = os.environ.get("PGAGENTS_ALLOW_WRITES") == "1" or any(TOKEN.startswith(prefix) for prefix in TEST_PREFIXES)
ALLOWED = set(os.environ.get("PGAGENTS_ALLOW", "").replace(",", " ").split())
READS = [
    'searchParking',
    'checkAvailability',
    'getRates',
    'getSession',
    'listSessions',
    'searchSessions',
    'getFleetBilling',
    'getMarketRate',
    'getAgentDemand',
    'listWebhooks',
    'getHealth',
]
QUERIES = []
WRITES = {
    'createSession': [['body', 'hold_id', 'text']],
    'refundSession': [['body', 'session_id', 'text']],
    'dispatchAvFleet': [],
    'releaseHold': [['path', 'hold_id', 'text']],
    'createWebhook': [],
    'deleteWebhook': [['path', 'webhook_id', 'text']],
}  # what may be called with leave to write; in these places it gets ids that nobody has: place, name, kind of id
NO_KEY_STATUS = 401  # None: the server may name another fault of the call first
PATIENCE_S = 60.0
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
PACES = {
    'searchParking': ['read', 240, 60],
    'checkAvailability': ['read', 240, 60],
    'getRates': ['read', 240, 60],
    'createSession': ['create', 60, 60],
    'getSession': ['read', 240, 60],
    'endSession': ['create', 60, 60],
    'extendSession': ['create', 60, 60],
    'listSessions': ['read', 240, 60],
    'searchSessions': ['read', 240, 60],
    'refundSession': ['create', 60, 60],
    'dispatchAvFleet': ['create', 60, 60],
    'releaseHold': ['create', 60, 60],
    'getFleetBilling': ['read', 240, 60],
    'getMarketRate': ['read', 240, 60],
    'getAgentDemand': ['read', 240, 60],
    'createWebhook': ['create', 60, 60],
    'listWebhooks': ['read', 240, 60],
    'deleteWebhook': ['create', 60, 60],
    'getHealth': ['address', 240, 60],
}  # of an operation: its limit's name, requests, seconds
TOLD = ['X-RateLimit-Limit', 'X-RateLimit-Remaining']  # the headers that tell of a limit and of what remains of it

DOCUMENT = json.loads((Path(__file__).resolve().parent.parent / "openapi" / "openapi.json").read_text(encoding="utf-8"))
METHODS = ("get", "put", "post", "delete", "patch")
OPERATIONS = [(method, path, item[method]) for path, item in DOCUMENT["paths"].items() for method in METHODS if method in item]
KEYED = [(method, path, op["operationId"]) for method, path, op in OPERATIONS if op.get("security", DOCUMENT.get("security"))]

pytestmark = [
    pytest.mark.skipif(not URL, reason="PGAGENTS_URL is not set: no server to test"),
    pytest.mark.skipif(NEEDS_KEY and not TOKEN, reason="PGAGENTS_TOKEN is not set: no key to call with"),
]


def _without_security(document):
    """The document for generating calls: a missing key is not a fault of a call here, and is tested on its own below."""
    bare = {k: v for k, v in document.items() if k != "security"}
    bare["paths"] = {
        path: {m: {k: v for k, v in op.items() if k != "security"} if m in METHODS else op for m, op in item.items()}
        for path, item in document["paths"].items()
    }
    bare["components"] = {k: v for k, v in document.get("components", {}).items() if k != "securitySchemes"}
    return bare


# a method that the document does not list may exist all the same, and act: none is tried
CONFIG = Config.from_dict({"phases": {"coverage": {"unexpected-methods": []}}})
SCHEMA = schemathesis.openapi.from_dict(_without_security(DOCUMENT), config=CONFIG)
SCHEMA.config.update(base_url=URL or "http://127.0.0.1:9")
NAMES = [op["operationId"] for _, _, op in OPERATIONS]
CALLED = [name for name in NAMES if name in ALLOWED or name in READS or name in QUERIES or (MAY_WRITE and name in WRITES)]
TRIED = SCHEMA.include(operation_id=CALLED)
if unknown := sorted(ALLOWED - set(NAMES)):
    pytest.exit(f"PGAGENTS_ALLOW names no operation of the document: {', '.join(unknown)}")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def _retry_after(response):
    try:
        return min(max(float(response.headers.get("Retry-After", "1")), 0.1), PATIENCE_S)
    except ValueError:
        return 1.0


MADE = Counter()


@pytest.fixture(scope="session", autouse=True)
def _count_what_was_made():
    yield
    if MADE:
        made = ", ".join(f"{count} x {name}" for name, count in sorted(MADE.items()))
        warnings.warn(f"writes that the server accepted, and that nothing here takes back: {made}", stacklevel=1)


def _nobodys_id(kind):
    """An id that no instance has. Texts have letters alone: some servers read an id by the digits in it."""
    if kind == "int64":
        return 2**62 + secrets.randbits(61)
    if kind == "int32":
        return 2**30 + secrets.randbits(30)
    if kind == "uuid":
        text = "".join(secrets.choice("abcdef") for _ in range(30))
        return f"{text[:8]}-{text[8:12]}-4{text[12:15]}-a{text[15:18]}-{text[18:]}"
    return _mark()


def _mark():
    """A text that nothing on the server has."""
    return "pgv-" + "".join(secrets.choice("ghijklmnopqrstuv") for _ in range(16))


def _marked(schema, value, depth=0):
    """The value with a text of its own wherever the schema takes any text, so that a create meets nothing older."""
    while "$ref" in schema and depth < 50:
        schema, depth = DOCUMENT.get("components", {}).get("schemas", {}).get(schema["$ref"].rpartition("/")[2], {}), depth + 1
    if depth >= 50:
        return value
    if isinstance(value, dict):
        members = schema.get("properties", {})
        return {name: _marked(members.get(name, {}), member, depth + 1) for name, member in value.items()}
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [_marked(schema["items"], member, depth + 1) for member in value]
    if not isinstance(value, str) or "enum" in schema or "const" in schema or _refuses(schema, value):
        return value
    mark = _mark()
    tried = [f"{mark}@example.com", f"https://example.com/{mark}", value[: -len(mark)] + mark, mark]
    tried = {"email": tried[:1], "uri": tried[1:2], "url": tried[1:2]}.get(schema.get("format"), tried[2:] if "format" not in schema else [])
    return next((text for text in tried if not _refuses(schema, text)), value)


def _without_harm(case, name):
    """Give a call that writes ids that nobody has, and texts of its own; what PGAGENTS_ALLOW names stays as it is."""
    if name in ALLOWED or name not in WRITES:
        return
    operation = DOCUMENT["paths"][case.path][case.method.lower()]
    if isinstance(case.body, (dict, list)):
        content = operation.get("requestBody", {}).get("content", {}).get(case.media_type, {})
        case.body = _marked(content.get("schema", {}), case.body)
    places = {"path": "path_parameters", "query": "query", "header": "headers", "cookie": "cookies", "body": "body"}
    for parameter in operation.get("parameters", ()):
        given = getattr(case, places[parameter["in"]])
        if parameter["in"] == "query" and isinstance(given, dict) and parameter["name"] in given:
            given[parameter["name"]] = _marked(parameter.get("schema", {}), given[parameter["name"]])
    for place, wire, kind in WRITES[name]:
        given = getattr(case, places.get(place, "body"))
        if place == "path" or (hasattr(given, "__setitem__") and not isinstance(given, list) and wire in given):
            given[wire] = _nobodys_id(kind)


TANKS = {}


def _turn(name):
    """Wait until this process may make one more call of the operation: it takes its part of the limit."""
    if name not in PACES:
        return
    bucket, limit, seconds = PACES[name]
    part = limit / WORKERS
    tank = TANKS.setdefault(bucket, {"most": part, "left": part, "per_s": part / seconds, "at": time.monotonic()})
    now = time.monotonic()
    tank["left"] = min(tank["most"], tank["left"] + (now - tank["at"]) * tank["per_s"]) - 1
    tank["at"] = now
    if tank["left"] < 0:
        time.sleep(min(-tank["left"] / tank["per_s"], PATIENCE_S))


def _heard(name, response):
    """Take over what the answer tells of the limit."""
    if name not in PACES or TOLD is None:
        return
    limit, remaining = (response.headers.get(header, "") for header in TOLD)
    if limit.isdigit() and remaining.isdigit() and int(limit) > 0:
        bucket, _, seconds = PACES[name]
        part = int(limit) / WORKERS
        TANKS[bucket] = {"most": part, "left": int(remaining) / WORKERS, "per_s": part / seconds, "at": time.monotonic()}


def _is_taken(name, path, formatted, sent):
    """Whether a read shows that somebody has an id in a path, or does not say that nobody has a number."""
    kinds = [kind for place, _, kind in WRITES.get(name, ()) if place == "path"]
    numbered = any(kind.startswith("int") for kind in kinds)
    read = DOCUMENT["paths"][path].get("get", {}).get("operationId")
    if not kinds or read not in READS:
        return numbered
    status = requests.get(URL + formatted, timeout=30, allow_redirects=False, **sent).status_code
    return status not in (404, 410) if numbered else status < 300


def _count(name, response):
    """Remember a write that the server accepted."""
    if name not in READS and name not in QUERIES and response.status_code < 300:
        MADE[name] += 1


def _answer(case):
    """The answer to a call, once the server no longer puts it off."""
    headers = {"Authorization": f"Bearer {TOKEN}"} if TOKEN else {}
    name = DOCUMENT["paths"][case.path][case.method.lower()]["operationId"]
    _without_harm(case, name)
    sent = {"headers": headers}
    if name not in ALLOWED and _is_taken(name, case.path, case.formatted_path, sent):
        pytest.skip(f"no read shows that {case.formatted_path} is free")
    until = time.monotonic() + PATIENCE_S
    while True:
        _turn(name)
        response = case.call(timeout=30, allow_redirects=False, **sent)
        _heard(name, response)
        _count(name, response)
        if response.status_code not in (429, 503):
            return response
        if time.monotonic() > until:
            pytest.fail(f"{case.method} {case.path} is put off with {response.status_code} for more than {PATIENCE_S:.0f} s")
        time.sleep(_retry_after(response))


def _refuses(schema, value):
    return not jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT.get("components", {})}).is_valid(value)


def _readings(text):
    """What a server may take a text in a path or query for."""
    try:
        return [text, json.loads(text)]
    except ValueError:
        return [text]


def _is_invalid(case):
    """Whether the call, as it is sent, breaks the document however it is read."""
    operation = DOCUMENT["paths"][case.path][case.method.lower()]
    sent = {"path": case.path_parameters or {}, "query": case.query or {}}
    for parameter in operation.get("parameters", ()):
        values = sent.get(parameter["in"])
        if values is None:
            continue
        if parameter["name"] not in values:
            if parameter.get("required") and parameter["in"] == "query":
                return True
            continue
        value = values[parameter["name"]]
        if isinstance(value, (list, dict)) or value is None:
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        if parameter["in"] == "path" and ("/" in text or text in ("", ".", "..")):
            return False
        if all(_refuses(parameter["schema"], reading) for reading in _readings(text)):
            return True
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body and isinstance(case.body, (dict, list, str, int, float, bool)) and case.media_type == "application/json":
        return _refuses(body["schema"], case.body)
    return False


@TRIED.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_every_answer_is_as_documented(case):
    """Status, content type, headers and body are documented, whatever is sent; what the document forbids is refused."""
    name = DOCUMENT["paths"][case.path][case.method.lower()]["operationId"]
    if name in QUERIES and name not in ALLOWED and not MAY_WRITE and not (case.meta and case.meta.generation.mode is GenerationMode.POSITIVE):
        return  # only a valid call is known to read
    response = _answer(case)
    case.validate_response(response, checks=CHECKS)
    if case.meta and case.meta.generation.mode is GenerationMode.NEGATIVE and response.status_code < 400:
        assert not _is_invalid(case), f"an invalid call got {response.status_code}: {case.as_curl_command()}"


# a server that checks no keys does what it is asked: only calls that may do nothing are sent with a wrong one
REFUSED = [one for one in KEYED if one[2] in CALLED and (one[2] not in QUERIES or MAY_WRITE)]


@pytest.mark.skipif(not NEEDS_KEY, reason="no operation needs a key")
@pytest.mark.parametrize(("method", "path", "name"), REFUSED, ids=[name for _, _, name in REFUSED])
@pytest.mark.parametrize("key", [None, "wrong"], ids=["no-key", "unknown-key"])
def test_a_call_without_a_good_key_is_refused(method, path, name, key):
    """No key and an unknown one are refused before anything happens."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    template = path
    for place, wire, kind in WRITES.get(name, ()):
        if place == "path":
            path = path.replace("{" + wire + "}", str(_nobodys_id(kind)))
    if _is_taken(name, template, path, {"headers": {"Authorization": f"Bearer {TOKEN}"} if TOKEN else {}}):
        pytest.skip(f"no read shows that {path} is free")
    path = re.sub(r"\{[^{}]*\}", "unknown", path)
    body = {} if method in ("post", "put", "patch") else None
    response = requests.request(method, URL + path, headers=headers, json=body, timeout=30, allow_redirects=False)
    _count(name, response)
    if response.status_code not in (429, 503):
        assert response.status_code == NO_KEY_STATUS or (NO_KEY_STATUS is None and 400 <= response.status_code < 500)


def test_operations_that_write_are_tried_too():
    """Fails never; says in the report what was left out, and what would call it."""
    unasked = sorted(name for name in NAMES if name in WRITES and name not in CALLED)
    unsafe = sorted(name for name in NAMES if name not in WRITES and name not in CALLED)
    said = []
    if unasked:
        said.append(f"the key is not a test key and PGAGENTS_ALLOW_WRITES is not 1: {', '.join(unasked)}")
    if unsafe:
        said.append(f"they may change or cost what is not ours, and only PGAGENTS_ALLOW={','.join(unsafe)} calls them")
    if said:
        pytest.skip(f"not called: {'; '.join(said)}")
