"""Each path of `api.hosted` serves, without a key, a document with the data of the one built from the
catalogue. If it is JSON or YAML, its Content-Type says so.

A redirect on the same host is followed; what another host serves is untested.

YAML may have any of its older types besides application/yaml (RFC 9512), be plain text, or bytes. Types such
as application/linkset+json (RFC 9727) and application/vnd.oai.openapi+yaml are of their kind, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from pgagents.base.http import media_type_of
from pgagents.report.contract import Rank
from pgagents.verify.cases.discovery import fetch, find_https, find_other_host, judge_over_https
from pgagents.verify.judgement import Untested, conclude
from pgagents.verify.projections import build_file, parse_document
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.tools import show_member
from pgagents.verify.wire.endpoint import REST

_YAML = (
    "application/yaml",
    "application/x-yaml",
    "text/yaml",
    "text/x-yaml",
    "text/plain",
    "application/octet-stream",  # nginx knows no type of YAML
)


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case for each hosted document; it is fetched without a key."""
    del roles
    for file, path in setting.model.api.hosted.items():
        attempt = Attempt(partial(_try, str(file), str(path)), role="")
        says = f"{path} is {file} as it was built"
        yield Case(None, says, ("api", "hosted", file), attempt, str(file), place=f"@{REST}")


def _try(file: str, path: str, trial: Trial) -> None:
    setting = trial.setting
    answer, _ = fetch(setting, path, f"the hosted {file}")  # who reads documents follows redirects
    if answer.void:
        return
    if address := find_https(setting, answer):
        conclude(judge_over_https(trial, address))
        return
    if host := find_other_host(setting, answer):
        raise Untested(f"it is sent to {host}, where this run does not look")
    if answer.status != 200 or answer.response is None:
        conclude(trial.broken(f"200 with {file}", answer.outcome))
        return
    expected = build_file(setting, file)
    if expected is None:
        raise Untested(f"no target of this version makes {file}")
    as_written = answer.response.body == expected.body  # else frameworks wrote it anew, as FastAPI does
    content_type = answer.header("Content-Type") or ""
    document, problem = expected.data, ""
    if not as_written:
        document, problem = parse_document(file, answer.response.body, _find_charset(content_type))
    if problem:
        conclude(trial.broken(f"{file} as it was built", problem))
    elif mismatch := _find_type_mismatch(file, content_type):
        conclude(trial.broken(*mismatch))
    elif not as_written and (where := difference(expected.data, document)):
        as_built = f"{file} as it was built, {where}: {show_member(expected.data, where)}"
        value = show_member(document, where)
        conclude(trial.broken(as_built, f"it differs at {where}: {{value}}", value=value))
    else:
        conclude(trial.kept())


def _find_charset(media: str) -> str:
    """Return the charset in a media type; UTF-8 without one."""
    match = re.search(r";\s*charset=\"?([A-Za-z0-9._:-]{1,40})", media, re.I)
    return match[1] if match else "utf-8"


def _find_type_mismatch(file: str, content_type: str) -> tuple[str, str] | None:
    """Return the expected and the actual Content-Type if it is wrong, else None."""
    kind = media_type_of(content_type)
    if file.endswith(".json"):
        right, wanted = kind == "application/json" or kind.endswith("+json"), "application/json"
    elif file.endswith((".yaml", ".yml")):
        right, wanted = kind in _YAML or kind.endswith("+yaml"), "application/yaml"
    else:
        return None
    return None if right else (f"Content-Type: {wanted}", f"Content-Type: {content_type or 'none'}")


def difference(expected: Any, document: Any, path: str = "#") -> str:
    """Return the JSON pointer of the first difference between two documents; empty if they are equal.

    Serializers order members as they like, and write 1 for 1.0.
    """
    if isinstance(expected, dict) and isinstance(document, dict):
        for name in [*expected, *(k for k in document if k not in expected)]:
            at = f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"
            if name not in document or name not in expected:
                return at
            if where := difference(expected[name], document[name], at):
                return where
        return ""
    if isinstance(expected, list) and isinstance(document, list):
        if len(expected) != len(document):
            return path
        for index, (a, b) in enumerate(zip(expected, document, strict=True)):
            if where := difference(a, b, f"{path}/{index}"):
                return where
        return ""
    same = expected == document and isinstance(expected, bool) == isinstance(document, bool)
    return "" if same else path


CHECK = make_check("hosted_document", __doc__, cases, stage=3, overlap="all", rank=Rank.UNDOCUMENTED)
