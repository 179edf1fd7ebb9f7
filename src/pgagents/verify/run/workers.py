"""Send requests in threads that do not delay the end of an interrupted run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Workers(Generic[T]):
    """A fixed number of threads, each of which runs one job after the other.

    At the process's end they just stop, unlike those of `concurrent.futures`, for which the interpreter
    waits.
    """

    def __init__(self, count: int) -> None:
        self._jobs: SimpleQueue[tuple[Future[T], Callable[[], T]] | None] = SimpleQueue()
        self._count = count
        for number in range(count):
            Thread(target=self._work, name=f"pgagents-worker-{number}", daemon=True).start()

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Return the future of a job's result, or of the error that it raises."""
        future: Future[T] = Future()
        self._jobs.put((future, job))
        return future

    def close(self) -> None:
        """End each thread after its present job."""
        for _ in range(self._count):
            self._jobs.put(None)

    def _work(self) -> None:
        while (given := self._jobs.get()) is not None:
            future, job = given
            try:
                future.set_result(job())
            except BaseException as error:  # it is raised again by whoever asks for the result
                future.set_exception(error)
            del given, future, job  # else a thread that waits keeps the last answer in memory
