"""A page of a thousand keys out of many, beside the same page out of few: the cost must not know the namespace's size."""

from __future__ import annotations

from suite.processes import load, memgridd, scratch
from suite.table import Row

NAME = "listing"
TARGET = "cost grows with what is returned, not with the namespace: ratio near 1"

MANY, FEW = 5_000_000, 50_000


def run(*, rounds: int, seconds: float) -> list[Row]:
    shape = {"op": "list", "connections": 1, "outstanding": 1, "seconds": seconds}
    with scratch() as one, scratch() as two, memgridd("memory", one) as many, memgridd("memory", two) as few:
        load(many, op="put", fill=True, keys=MANY)
        load(few, op="put", fill=True, keys=FEW)
        got = [(load(many, keys=MANY, **shape), load(few, keys=FEW, **shape)) for _ in range(rounds)]
    return [
        Row("list 1,000 of 5 M, CPU a call", "µs", [a["server_cpu_us_per_call"] for a, _ in got],
            [b["server_cpu_us_per_call"] for _, b in got], "of 50 k", target="≤ 2"),
    ]  # fmt: skip
