"""Judge the answer to a read of a preflight: is it the API, and does it take the key?"""

from __future__ import annotations

from pgagents.decoding.medium import fits_any, is_json, kind_of
from pgagents.http import Response, Silence, read_json
from pgagents.model.answers.error_reader import ReadError
from pgagents.verify.check.setting import Setting
from pgagents.verify.run.preflight.trouble import (
    BAD_REQUEST,
    BEHIND,
    FORBIDDEN,
    NOT_FOUND,
    PASSING,
    UNAUTHORIZED,
    Tried,
)
from pgagents.verify.values.schema_values import types_of


def refuses_key(setting: Setting, one: Tried) -> bool:
    """True if an answer refuses the key: by its status, or by the code of an error with a 2xx."""
    codes, read = (setting.model.no_key, setting.model.wrong_key), read_hidden_error(setting, one)
    return one.status in {FORBIDDEN, *_no_key(setting)} or (
        read is not None and read.code is not None and read.code in codes
    )


def read_hidden_error(setting: Setting, one: Tried) -> ReadError | None:
    """Return the error in the body of an answer with a 2xx status; None if the body has no error."""
    reader = setting.model.error_reader
    if reader.sign is None or not isinstance(one.answer, Response) or one.status >= BAD_REQUEST:
        return None
    body = read_json(one.answer.body).value
    return reader.read(one.status, body) if reader.is_error(one.status, body) else None


def _no_key(setting: Setting) -> set[int]:
    """Return the statuses of a missing or wrong key. A documented 403 is left out, because it may mean a
    missing scope.
    """
    codes = [code for code in (setting.model.no_key, setting.model.wrong_key) if code is not None]
    return {UNAUTHORIZED, *(code.status for code in codes if code.status >= BAD_REQUEST)}


def knows(setting: Setting, one: Tried) -> bool:
    """True if the catalogue documents this answer for the action. Then the server is likely the right one."""
    action, answer = one.endpoint.action, one.answer
    if not isinstance(answer, Response) or one.status in _no_key(setting):
        return False
    if one.request.method == "OPTIONS":
        return one.status != NOT_FOUND and one.status not in BEHIND
    if one.status in PASSING:
        return True
    output = next((o for o in action.outputs if o.status == one.status), None)
    if output is not None:
        told = answer.header("Content-Type") or ""
        if output.any_type and output.schema is not None and kind_of(output).name == "json":
            return not told or is_json(told) or "string" in types_of(setting.resolve_schema(output.schema))
        if output.schema is None or not told or fits_any(told, output):
            return True
        return is_json(told) if is_json(output.content_type) else False
    documented = any(code.status == one.status for code in (*action.errors, *setting.model.always()))
    if one.status == NOT_FOUND and "?" not in one.request.target:
        return False  # it names nothing that could be missing but the path
    return (documented and is_data(answer)) or (one.status >= 500 and one.status not in BEHIND)


def succeeds(setting: Setting, one: Tried) -> bool:
    """Return True if an answer is a documented success or says when to come back.

    An OPTIONS call succeeds with any status but 404.
    """
    good = one.status < BAD_REQUEST or one.status in PASSING or one.request.method == "OPTIONS"
    return good and knows(setting, one) and read_hidden_error(setting, one) is None


def is_foreign_page(one: Tried) -> bool:
    """True if a refusal is a web page, such as that of a firewall or CDN in front of an API."""
    answer = one.answer
    told = (answer.header("Content-Type") or "").lower() if isinstance(answer, Response) else ""
    return one.status == FORBIDDEN and told.startswith("text/html") and not is_data(answer)


def is_data(answer: Response | Silence) -> bool:
    """True if the answer's body is JSON or empty."""
    return isinstance(answer, Response) and (not answer.body or not read_json(answer.body).problem)
