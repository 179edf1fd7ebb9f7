"""`pgagents webhook verify`: whole output and exit codes."""

from __future__ import annotations

import hashlib
import hmac
import io
import sys
import time
from pathlib import Path

import pytest

from language_table import rows
from pgagents.cli.main import main
from sandboxes import ROOT

BODY = (
    '{"id":"evt_1","type":"lot.updated", "created_at":"2026-04-18T16:00:00Z","data":{"name":"Höhe"}}\n'
).encode()
SECRET = "whsec_example"
FITS = "the signature fits the body and the secret\n"


def signed(age_s: float = 0, body: bytes = BODY, secret: str = SECRET) -> str:
    """As a sender computes it, without our code."""
    at = str(int(time.time() - age_s))
    return f"t={at},v1={hmac.new(secret.encode(), at.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


@pytest.fixture
def verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "body").write_bytes(BODY)
    monkeypatch.setenv("HOOK", SECRET)

    def run(header: str, *more: str, file: str | None = None) -> tuple[int, str, str]:
        words = [
            "webhook",
            "verify",
            "--secret-env",
            "HOOK",
            "--header",
            header,
            "--file",
            file or str(tmp_path / "body"),
            *more,
        ]
        code = main(words)
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


def test_true_signature_is_0(verify) -> None:
    assert verify(signed()) == (0, FITS, "")
    assert verify(f"Park-Graph-Signature: {signed()}") == (0, FITS, "")
    assert verify(signed(290)) == (0, FITS, "")


def test_body_is_read_from_standard_input_to_the_byte(verify, monkeypatch: pytest.MonkeyPatch) -> None:
    for body, code in ((BODY, 0), (BODY.rstrip(), 1)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body)))
        assert verify(signed(), file="-")[0] == code


def test_one_of_several_signatures_is_enough(verify) -> None:
    at, right = signed().split(",")
    assert verify(f"{at},v1={'0' * 64},{right},v0=x")[0] == 0


@pytest.mark.parametrize("wrong", [{"body": BODY + b" "}, {"secret": "whsec_other"}])
def test_signature_of_another_body_or_secret_is_1(verify, wrong: dict[str, object]) -> None:
    assert verify(signed(**wrong)) == (1, "refused: the signature does not fit the body and the secret\n", "")


def test_changed_time_is_1(verify) -> None:
    at, rest = signed().split(",")
    assert verify(f"t={int(at[2:]) + 1},{rest}")[0] == 1


def test_old_and_future_signatures_are_1_and_the_tolerance_can_be_told(verify) -> None:
    code, out, _ = verify(signed(400))
    assert code == 1
    assert out.startswith("refused: the signature fits, but it is 40")
    assert out.endswith("s old; at most 300 s are allowed\n")
    assert "in the future" in verify(signed(-400))[1]
    assert verify(signed(400), "--tolerance", "500")[0] == 0
    assert verify(signed(20), "--tolerance", "5")[0] == 1


@pytest.mark.parametrize(
    "header",
    ["", "t=1", "v1=00", "t=x,v1=00", "t=1,t=2,v1=00", f"t={'9' * 40},v1=00", "t=１,v1=é", "sha256=00"],
)
def test_header_of_another_form_is_1(verify, header: str) -> None:
    assert verify(header) == (1, "refused: the header is not of the form t=SECONDS,v1=HEX\n", "")


def test_what_cannot_be_checked_is_2_with_the_next_step(verify, monkeypatch: pytest.MonkeyPatch) -> None:
    assert verify(signed(), file="/nowhere/body")[::2] == (
        2,
        (
            "error: cannot read /nowhere/body: No such file or directory\n  help: give the file with the "
            "body's exact bytes\n"
        ),
    )
    code, _, err = verify(signed(), str(ROOT / "tests/catalogues/shop.yaml"))
    assert (code, "sends no events" in err) == (2, True)
    monkeypatch.delenv("HOOK")
    code, out, err = verify(signed())
    assert (code, out, "HOOK is not set" in err) == (2, "", True)


def test_secret_is_nowhere_in_the_output(verify) -> None:
    assert SECRET not in "".join(map(str, verify(signed(400)) + verify(signed(0, BODY + b"x"))))


def other_formats(tmp_path: Path, scheme: str) -> str:
    text = rows()["webhook-signatures"].text({"webhooks": {"signature": {"scheme": scheme}}})
    (tmp_path / "hooks.yaml").write_text(text)
    return str(tmp_path / "hooks.yaml")


def test_slack_signature_is_checked_with_its_time(verify, tmp_path: Path) -> None:
    at = str(int(time.time()))
    mac = hmac.new(SECRET.encode(), b"v0:" + at.encode() + b":" + BODY, hashlib.sha256).hexdigest()
    named = "X-Slack-Request-Timestamp: "
    file = other_formats(tmp_path, "slack_v0")
    assert verify(f"v0={mac}", "--header", named + at, file) == (0, FITS, "")
    late = verify(f"v0={mac}", "--header", f"{named}{int(at) + 1}", file)
    assert late[:2] == (1, "refused: the signature does not fit the body and the secret\n")
    without = verify(f"v0={mac}", file)
    assert without[:2] == (1, "refused: the signed time is missing\n")


def test_github_signature_is_checked(verify, tmp_path: Path) -> None:
    mac = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    file = other_formats(tmp_path, "hub_sha256")
    assert verify(f"X-Hub-Signature-256: sha256={mac}", file) == (0, FITS, "")
    assert verify(f"sha256={'0' * 64}", file)[0] == 1


def test_secret_that_is_no_base64_is_a_mistake_of_the_caller(
    verify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "whsec_e")
    at = str(int(time.time()))
    file = other_formats(tmp_path, "standard_webhooks")
    headers = ["--header", f"webhook-timestamp: {at}", "--header", "webhook-id: msg_1"]
    code, out, error = verify(f"v1,{'A' * 43}=", *headers, file)
    assert (code, out) == (2, "")
    assert "HOOK does not hold a secret of standard_webhooks" in error


@pytest.mark.parametrize("endless", ["nan", "inf"])
def test_tolerance_is_a_number_of_seconds(verify, endless: str) -> None:
    """With `nan`, a signature of any age would be refused as too old, or taken."""
    code, out, err = verify(signed(), "--tolerance", endless)
    assert (code, out) == (2, "")
    assert f"{endless} is no number of seconds" in err
    assert verify(signed(), "--tolerance", "20.5") == (0, FITS, "")
