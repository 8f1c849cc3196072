"""When to try again and how long to wait: deadlines, backoff with jitter, the server's hints."""

from __future__ import annotations

import random
import time
from typing import Final

_FIRST_S: Final = 0.02
_LONGEST_S: Final = 1.0
#: A hint is honoured up to here; what the server asks for beyond is outside any sensible deadline.
_LONGEST_HINT_S: Final = 60.0


class Deadline:
    """A point in time that a whole call, its retries and pauses included, must not pass."""

    __slots__ = ("_at", "total_s")

    def __init__(self, total_s: float) -> None:
        self.total_s: Final = total_s
        self._at: Final = time.monotonic() + total_s

    def left_s(self) -> float:
        """Seconds left; never negative."""
        return max(0.0, self._at - time.monotonic())


class Backoff:
    """Pauses between attempts: doubling, and each between half and the whole, so that clients do not march in step."""

    __slots__ = ("_next_s",)

    def __init__(self) -> None:
        self._next_s = _FIRST_S

    def reset(self) -> None:
        """After progress."""
        self._next_s = _FIRST_S

    def pause_s(self, hint_s: float | None) -> float:
        """The next pause. The server's hint is a lower bound."""
        pause = self._next_s * random.uniform(0.5, 1.0)
        self._next_s = min(_LONGEST_S, self._next_s * 2)
        if hint_s is None:
            return pause
        return min(hint_s, _LONGEST_HINT_S) + pause
