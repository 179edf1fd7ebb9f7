"""The clock of the test place, which the operator moves ahead."""

import time


class Clock:
    """Unix seconds as the API tells them."""

    def __init__(self) -> None:
        self.offset = time.time() - time.monotonic()

    def __call__(self) -> int:
        """Now, with fractions cut off."""
        return int(time.monotonic() + self.offset)

    def advance(self, seconds: int) -> None:
        """Move ahead."""
        self.offset += seconds
