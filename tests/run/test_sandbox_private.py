"""A sandbox's files are for its own user, and the secret that signs events is not in the database."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pgagents.base.errors import PgagentsError
from sandboxes import Caller


def test_files_of_a_sandbox_are_for_one_user_and_hold_no_signing_secret(tmp_path: Path) -> None:
    db = tmp_path / "world.db"
    caller = Caller(db=db)
    secret = caller.sandbox.courier.outbox.secret("wh_1")
    caller.park()
    master = (tmp_path / "world.db.key").read_bytes()
    files = {path.name: path for path in tmp_path.iterdir()}
    assert {"world.db", "world.db.key", "world.db.lock", "world.db-wal"} <= files.keys()
    assert {name: stat.S_IMODE(path.stat().st_mode) for name, path in files.items()} == dict.fromkeys(
        files, 0o600
    )
    assert len(master) >= 40
    assert [name for name, path in files.items() if master in path.read_bytes()] == ["world.db.key"]
    caller.sandbox.front.store.close()
    assert master not in db.read_bytes()
    again = Caller(db=db)
    assert again.sandbox.courier.outbox.secret("wh_1") == secret, "a receiver's secret outlives a start"
    again.sandbox.front.store.close()


def test_a_database_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    db = tmp_path / "world.db"
    Caller(db=db).sandbox.front.store.close()
    db.chmod(0o644)
    Caller(db=db).sandbox.front.store.close()
    assert stat.S_IMODE(db.stat().st_mode) == 0o600


@pytest.mark.parametrize("left", [None, "another"])
def test_a_database_without_its_secret_is_not_opened(tmp_path: Path, left: str | None) -> None:
    db, key = tmp_path / "world.db", tmp_path / "world.db.key"
    Caller(db=db).sandbox.front.store.close()
    key.unlink()
    if left is not None:
        key.write_text(left)
    with pytest.raises(PgagentsError, match="is gone or changed"):
        Caller(db=db)
    db.unlink()
    Caller(db=db).sandbox.front.store.close()
