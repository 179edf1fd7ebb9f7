"""The sandbox's SQLite database: one connection, one lock, one transaction for each call.

Concurrent calls share a commit.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pgagents.base.errors import PgagentsError

FORM = 3
"""The version of the tables; increase it whenever they change."""
_TABLES = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS api_key (
  id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, seeded INTEGER NOT NULL, data TEXT NOT NULL, revoked_at REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS idempotency (
  key_id TEXT NOT NULL, value TEXT NOT NULL, hash BLOB NOT NULL, resource TEXT NOT NULL,
  status INTEGER NOT NULL, headers TEXT NOT NULL, answer BLOB NOT NULL, dies_at REAL NOT NULL,
  PRIMARY KEY (key_id, value)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idempotency_dies ON idempotency (dies_at);
"""


@dataclass(slots=True)
class Open:
    """The writes since the last commit.

    `owed` is true if some must be durable before their answer is sent.
    """

    owed: bool = False
    kept: bool | None = None
    """True when the writes are committed, False when they are undone, None before."""


class Store:
    """An open database.

    A call holds `lock` from its beginning to its end, so calls are serial and limits exact.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.open: Open | None = None
        self._shares = self._inside = False
        self._undone = 0
        self._alone = _alone(path) if path else None
        self._path = path
        try:
            if path:
                _own(path)
            self._connection = sqlite3.connect(
                str(path) if path else ":memory:", check_same_thread=False, isolation_level=None
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.execute(
                "PRAGMA page_size = 2048"
            )  # of a new file: a create touches 20 pages here and there
            self._recognise(path)
            if path:
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute(
                    "PRAGMA synchronous = NORMAL"
                )  # answered writes survive the process, though not a power cut
                self._connection.execute("PRAGMA wal_autocheckpoint = 8000")  # 16 MB: a checkpoint syncs
            self._connection.execute(
                "PRAGMA temp_store = MEMORY"
            )  # savepoints of single calls, which are undone alone
            self._connection.execute("PRAGMA busy_timeout = 5000")
            self.script(_TABLES)
        except (sqlite3.Error, OSError) as error:
            self._let_go()
            why = error.strerror if isinstance(error, OSError) else error
            raise PgagentsError(
                f"cannot use the database {path}: {why}",
                "give a file in a writable folder, or leave --db out",
            ) from None

    def _recognise(self, path: Path | None) -> None:
        """Mark a new file with the version of its tables. Raises PgagentsError for a file of another
        version.
        """
        [found], [tables] = (
            self._connection.execute(sql).fetchone()
            for sql in ("PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
        )
        if not tables:
            self._connection.execute(f"PRAGMA user_version = {FORM}")
        elif found != FORM:
            self._connection.close()
            self._let_go()
            raise PgagentsError(
                f"the database {path} was not made by this version of pgagents", "give another --db"
            )

    def script(self, sql: str) -> None:
        """Run several statements."""
        self._connection.executescript(sql)

    def run(self, sql: str, *values: Any) -> int:
        """Run one statement; return how many rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def many(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        """Run one statement for many rows."""
        self._connection.executemany(sql, rows)

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row, or None."""
        found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return found

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return all rows."""
        return self._connection.execute(sql, values).fetchall()

    @property
    def version(self) -> tuple[int, int]:
        """A number of the data: while it is the same, no row has changed."""
        return self._connection.total_changes, self._undone

    @contextmanager
    def transaction(self, *, owed: bool = True) -> Iterator[None]:
        """Commit the writes inside the block, or undo them if an exception leaves it.

        Inside `sharing` the next `settle` commits them; otherwise the end of the block does. If `owed` is
        False, a crash may lose them.
        """
        with self.lock:
            assert not self._inside, "a transaction inside another"
            self._begin()
            self._inside = True
            try:
                yield
            except BaseException:
                self._take_back()
                raise
            finally:
                self._inside = False
            self._keep(owed)

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """Keep the transactions of this block open until `settle`; answers that depend on them must wait
        for it.
        """
        with self.lock:
            self._shares = True
            try:
                yield
            finally:
                self._shares = False

    def settle(self) -> None:
        """Commit all open writes. Raises sqlite3.Error if that fails; then all of them are undone."""
        with self.lock:
            ended, self.open = self.open, None
            if ended is None:
                return
            try:
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                self._undone += 1
                ended.kept = False
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            ended.kept = True

    def _begin(self) -> None:
        if self.open is None:
            self._connection.execute("BEGIN IMMEDIATE")
        else:
            self._connection.execute("SAVEPOINT call")

    def _take_back(self) -> None:
        """Undo one call, but no other calls in the same commit."""
        self._undone += 1
        if self.open is None:
            self._connection.execute("ROLLBACK")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK TO call")
            self._connection.execute("RELEASE call")
        else:  # the disk is full, for instance, and SQLite has undone all open writes
            self.open.kept, self.open = False, None

    def _keep(self, owed: bool) -> None:
        if self.open is None:
            self.open = Open()
        else:
            self._connection.execute("RELEASE call")
        self.open.owed = self.open.owed or owed
        if not self._shares:
            self.settle()

    def setting(self, name: str, default: str) -> str:
        """Return a stored value. The first time, store and return `default`."""
        self.run("INSERT OR IGNORE INTO setting VALUES (?, ?)", name, default)
        row = self.row("SELECT value FROM setting WHERE name = ?", name)
        assert row is not None
        return str(row["value"])

    def secret(self, made: str) -> str:
        """Return a secret from a file beside the database, so that a copy of the database lacks it.

        `made` is stored and returned the first time. Raises PgagentsError if the file is missing or was
        changed.
        """
        if self._path is None:
            return made
        file = self._path.with_name(self._path.name + ".key")
        known = self.row("SELECT value FROM setting WHERE name = 'secret_mark'")
        try:
            if known is None:
                _own(file)
                file.write_text(made, encoding="ascii")
                self.setting("secret_mark", _mark(made))
                return made
            kept = file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            kept = ""
        if known is None or known["value"] != _mark(kept):
            raise PgagentsError(
                f"{file}, which belongs to the database, is gone or changed",
                "put it back, or give another --db",
            )
        return kept

    def close(self) -> None:
        """Close the database after the current call or delivery."""
        with self.lock:
            try:
                self.settle()
            finally:
                self._connection.close()
                self._let_go()

    def _let_go(self) -> None:
        if self._alone is not None:
            self._alone.close()


def _mark(secret: str) -> str:
    """Return a hash that identifies a secret without revealing it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _own(path: Path) -> None:
    """Make a file that only this user can read, or restrict an existing one.

    SQLite gives its other files the same mode.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _alone(path: Path) -> IO[bytes]:
    """Lock the database for this process, by an open file beside it.

    The system unlocks it however the process ends. A second process would have limits and keys of its own.
    The lock is a separate file, because closing any handle of the database would release SQLite's own locks.
    Raises PgagentsError if another process holds the lock.
    """
    lock = path.with_name(path.name + ".lock")
    try:
        _own(lock)
        file = lock.open("ab")
    except OSError as error:
        raise PgagentsError(
            f"cannot use the database {path}: {error.strerror}",
            "give a file in a writable folder, or leave --db out",
        ) from None
    try:
        import fcntl
    except ImportError:  # on a system without this module, two processes can open the same database
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise PgagentsError(
            f"another sandbox is using the database {path}", "stop that one first, or give another --db"
        ) from None
    return file
