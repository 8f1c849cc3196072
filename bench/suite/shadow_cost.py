"""What a shadow file costs: Put of 100 B on a store with shadow beside the same store in memory only."""

from __future__ import annotations

from suite.processes import load, memgridd, scratch
from suite.table import Row

NAME = "shadow_cost"
TARGET = "at most 10 % fewer a second, at most 15 % more CPU"


def run(*, rounds: int, seconds: float) -> list[Row]:
    shape = {"op": "put", "connections": 8, "outstanding": 16, "keys": 100_000, "seconds": seconds}
    with scratch() as one, scratch() as two, memgridd("shadow", one) as shadow, memgridd("memory", two) as memory:
        got = [(load(shadow, **shape), load(memory, **shape)) for _ in range(rounds)]
    return [
        Row("put 100 B 8x16, CPU a call", "µs", [a["server_cpu_us_per_call"] for a, _ in got],
            [b["server_cpu_us_per_call"] for _, b in got], "memory only", target="≤ 1.15"),
        Row("put 100 B 8x16, calls", "/s", [a["calls_per_second"] for a, _ in got],
            [b["calls_per_second"] for _, b in got], "memory only", "most", target="≥ 0.90"),
    ]  # fmt: skip
