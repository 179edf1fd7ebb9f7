"""`pgagents fleet run` on a Dask scheduler that is reached by TLS, with workers that are processes apart."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme
from evaluation.fleet.hosts import Host, serving, write_fleet

pytestmark = pytest.mark.matrix
RUN_S = 600
LEASE_S = "5"


@dataclass
class Cluster:
    """A scheduler with its certificates, and the mocks that its workers verify."""

    folder: Path
    hosts: list[Host]
    keys: Mapping[str, str]
    address: str = ""
    stack: ExitStack = field(default_factory=ExitStack)

    def start(self, *words: str, keys: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a command of Dask with the certificate of the cluster."""
        tls = [f"--tls-{name}={self.folder / 'right'}-{name.removesuffix('-file')}.pem" for name in FILES]
        environment = {name: value for name, value in os.environ.items() if name not in self.keys}
        with (self.folder / "dask.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words, "--no-dashboard", *tls],
                cwd=self.folder, env=environment | dict(keys or {}), stdout=log, stderr=log,
            )  # fmt: skip
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return process

    def start_scheduler(self, port: int) -> subprocess.Popen[bytes]:
        """Start a scheduler, and return when it listens."""
        process = self.start("scheduler", "--host=127.0.0.1", f"--port={port}", "--protocol=tls")
        self.address = f"tls://127.0.0.1:{port}"
        for _ in range(6000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return process
            time.sleep(0.1)
        raise AssertionError((self.folder / "dask.log").read_text(encoding="utf-8"))

    @contextmanager
    def worker(self, *, keys: bool = True, version: str = "") -> Iterator[None]:
        """Start a worker for the block, with keys or without, of this version of pgagents or another."""
        more = dict(self.keys) if keys else {}
        if version:
            described = self.folder / f"other/pgagents-{version}.dist-info/METADATA"
            described.parent.mkdir(parents=True, exist_ok=True)
            described.write_text(
                f"Metadata-Version: 2.1\nName: pgagents\nVersion: {version}\n", encoding="utf-8"
            )
            more["PYTHONPATH"] = str(self.folder / "other")
        process = self.start(
            "worker", self.address, "--nthreads=1", "--no-nanny", "--host=127.0.0.1",
            f"--local-directory={self.folder / 'scratch'}", keys=more,
        )  # fmt: skip
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()

    def run(
        self, out: str, *, address: str = "", ca: str = "right", cert: str = "right", key: str = ""
    ) -> tuple[int, str, str]:
        """Run the fleet, and return the exit code and what was printed. It must end in time."""
        words = [
            "fleet.yaml", "--out", out, "--scheduler", address or self.address, "--lease", LEASE_S,
            "--tls-ca", f"{ca}-ca.pem", "--tls-cert", f"{cert}-cert.pem",
            "--tls-key", f"{key or cert}-key.pem",
        ]  # fmt: skip
        ended = subprocess.run(
            [sys.executable, "-m", "pgagents", "fleet", "run", *words],
            cwd=self.folder, capture_output=True, text=True, timeout=RUN_S, check=False,
        )  # fmt: skip
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.returncode, ended.stdout, ended.stderr


FILES = ("ca-file", "cert", "key")


def write_certificates(folder: Path) -> None:
    """Write the files of two authorities, and what is not a certificate."""
    for name in ("right", "other"):
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1")
        authority.cert_pem.write_to_path(folder / f"{name}-ca.pem")
        issued.private_key_pem.write_to_path(folder / f"{name}-key.pem")
        for at, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(folder / f"{name}-cert.pem", append=at > 0)
    for file in ("ca", "cert", "key"):
        (folder / f"none-{file}.pem").write_text("no certificate\n", encoding="utf-8")


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def clustering(folder: Path, *, apis: int = 3) -> Iterator[Cluster]:
    """Yield a scheduler without workers."""
    with serving(apis, folder) as hosts, ExitStack() as stack:
        write_certificates(folder)
        cluster = Cluster(folder, hosts, write_fleet(folder / "fleet.yaml", hosts), stack=stack)
        cluster.start_scheduler(find_port())
        yield cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with clustering(tmp_path_factory.mktemp("cluster")) as there:
        yield there


def list_left(hosts: Sequence[Host]) -> list[str]:
    return [row for host in hosts for row in host.list_left()]


def test_a_fleet_is_verified_by_two_workers_of_a_scheduler(cluster: Cluster) -> None:
    with cluster.worker(), cluster.worker():
        code, shown, told = cluster.run("whole")
    assert code == 0, told
    assert "3 of 3 jobs have a report" in shown
    for host in cluster.hosts:
        report = json.loads((cluster.folder / f"whole/{host.name}.json").read_text(encoding="utf-8"))
        assert report["header"]["url"] == host.url
    workers = {
        json.loads(path.read_text(encoding="utf-8"))["worker"]
        for path in (cluster.folder / "whole/work").glob("*/outcome.json")
    }
    assert len(workers) == 2
    assert not list_left(cluster.hosts)


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ({"ca": "other"}, 3, "its certificate is not of the authority of --tls-ca"),
        ({"cert": "other"}, 3, "it does not take the certificate of --tls-cert"),
        ({"key": "other"}, 2, "--tls-cert right-cert.pem and --tls-key other-key.pem: they do not fit"),
        ({"ca": "none"}, 2, "--tls-ca none-ca.pem: they do not fit or are not PEM"),
        ({"cert": "none"}, 2, "they do not fit or are not PEM"),
        ({"address": "tcp://127.0.0.1:8786"}, 2, "does not begin with tls://"),
        ({"address": "tls://127.0.0.1"}, 2, "is not tls://HOST:PORT"),
        ({"address": "tls://127.0.0.1:x"}, 2, "is not tls://HOST:PORT"),
        ({"address": "tls://me:hidden@127.0.0.1:1"}, 2, "is not tls://HOST:PORT"),
        ({"address": "tls://127.0.0.1:1"}, 3, "cannot be reached: Timed out"),
        ({}, 3, "the scheduler has had no worker for 30 s"),
    ],
    ids=lambda value: "-".join(value.values()) or "no-worker" if isinstance(value, dict) else "",
)
def test_what_is_wrong_with_a_scheduler_is_one_message(
    cluster: Cluster, given: dict[str, str], code: int, message: str
) -> None:
    ended, shown, told = cluster.run("wrong", **given)
    assert (ended, shown) == (code, "")
    assert message in " ".join(told.split())
    assert told.count("error:") == 1
    assert "hidden" not in told


def test_a_certificate_is_needed(cluster: Cluster) -> None:
    words = ("fleet.yaml", "--out", "none", "--scheduler", cluster.address, "--tls-ca", "right-ca.pem")
    ended = subprocess.run(
        [sys.executable, "-m", "pgagents", "fleet", "run", *words],
        cwd=cluster.folder, capture_output=True, text=True, timeout=RUN_S, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "needs --tls-ca, --tls-cert and --tls-key" in ended.stderr
    assert not (cluster.folder / "none").exists()


@pytest.mark.parametrize("listens", [False, True], ids=["at-once", "after-the-greeting"])
def test_a_scheduler_without_tls_is_refused(cluster: Cluster, listens: bool) -> None:
    """Dask has another error for each, and which one a server shows may depend on the machine's load."""
    with socket.socket() as plain:
        plain.bind(("127.0.0.1", 0))
        plain.listen()
        threading.Thread(target=_answer_plainly, args=(plain, listens), daemon=True).start()
        code, _, told = cluster.run("plain", address=f"tls://127.0.0.1:{plain.getsockname()[1]}")
    assert code == 3
    assert "what answers there speaks no TLS" in told


def _answer_plainly(listener: socket.socket, listens: bool) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        if listens:
            connection.recv(4_096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()


def test_a_worker_of_another_version_verifies_nothing(cluster: Cluster) -> None:
    with cluster.worker(version="9.9.9"):
        code, shown, told = cluster.run("version")
    assert code == 3
    assert "0 of 3 jobs" in shown
    assert told.count("have no report: a worker has pgagents 9.9.9, and the caller") == 1


def test_a_worker_without_keys_leaves_the_job_to_one_that_has_them(cluster: Cluster) -> None:
    with cluster.worker(keys=False):
        code, shown, told = cluster.run("keyless")
        assert code == 3
        assert "1 of 3 jobs have a report" in shown  # the third API needs no key
        assert told.count("no report: a worker's environment has no KEY_OF_") == 2
        with cluster.worker():
            code, shown, told = cluster.run("keyless")
    assert code == 0, told
    assert "3 of 3 jobs have a report" in shown


def test_a_scheduler_that_dies_ends_the_run_and_leaves_nothing(tmp_path: Path) -> None:
    with clustering(tmp_path) as cluster, cluster.worker():
        scheduler = find_port()
        dying = cluster.start_scheduler(scheduler)
        with cluster.worker():
            ended: list[tuple[int, str, str]] = []
            thread = threading.Thread(target=lambda: ended.append(cluster.run("dies")))
            thread.start()
            while not any(len(host.calls) > 5 for host in cluster.hosts):
                time.sleep(0.05)
            dying.kill()
            thread.join()
        ((code, shown, told),) = ended
        assert code == 3
        assert "the scheduler is gone; start the same command again" in told
        cluster.start_scheduler(find_port())
        with cluster.worker():
            code, shown, told = cluster.run("dies")
        assert code == 0, told
        assert "3 of 3 jobs have a report" in shown
        assert not list_left(cluster.hosts)
        assert not any(host.list_overlaps() for host in cluster.hosts)
