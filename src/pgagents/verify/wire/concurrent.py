"""Send several requests at the same time, each from its own thread. An interrupt does not wait for the
threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Thread
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def at_once(do: Callable[[A], B], several: Sequence[A]) -> list[B]:
    """Return the results of `do` for each argument, in order.

    Raises the first error. After a KeyboardInterrupt the threads end by themselves.
    """
    found: dict[int, B] = {}
    failed: list[BaseException] = []

    def one(index: int, given: A) -> None:
        try:
            found[index] = do(given)
        except BaseException as error:  # the waiting thread raises it again
            failed.append(error)

    threads = [Thread(target=one, args=(index, given), daemon=True) for index, given in enumerate(several)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return [found[index] for index in range(len(several))]
