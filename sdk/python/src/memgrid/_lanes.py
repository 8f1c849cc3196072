"""Who a write says it is: the client ids and sequences that make its retry harmless.

The server keeps, for each `client_id`, the last sequence that it answered, with the answer. The same sequence again
gets that answer again and is not done twice; an older one is refused. So one client id can carry one write at a time:
were two in flight, the slower one could be refused as older although it was never done.

Therefore a client has many ids, each a *lane*:

- A write takes a free lane (or a new one), alone, and sends the lane's next sequence. Its retries send the same one.
- When its outcome is known, done or refused, the lane goes back and the next write uses it.
- When the outcome is not known (deadline, cancellation, connection lost for good) the lane is dropped for ever: a late
  twin of that write may still be on its way, and nothing must be compared with it.

The lane that was given back last is taken first, so the number of ids that the server has to remember is the number of
writes that were really in flight together. It is bounded by `MAX_LANES`; further writes wait for their turn.
"""

from __future__ import annotations

import secrets
from collections import deque
from typing import Final

#: Writes in flight of one client. Half of the streams that the server allows on a connection.
MAX_LANES: Final = 128


class Lane:
    """One client id and its sequence. Used by one write at a time."""

    __slots__ = ("client_id", "sequence")

    def __init__(self) -> None:
        self.client_id: Final = secrets.token_hex(16)
        self.sequence = 0

    def advance(self) -> int:
        """The sequence of the next write: 1, 2, 3 …"""
        self.sequence += 1
        return self.sequence


class LanePool:
    """Lanes whose last outcome is known. Safe to use from many threads: deque's append and pop are atomic."""

    __slots__ = ("_free",)

    def __init__(self) -> None:
        self._free: deque[Lane] = deque()

    def take(self) -> Lane:
        """A lane that nobody else has until it is given back."""
        try:
            return self._free.pop()
        except IndexError:
            return Lane()

    def give_back(self, lane: Lane) -> None:
        """Only for a lane whose last write has a known outcome. Any other is simply forgotten."""
        self._free.append(lane)
