"""Uniform overwrites at 65 % fill with defrag at work: what it costs readers, and how much more is written."""

from __future__ import annotations

import threading

from suite.processes import Server, load, memgridd, scratch
from suite.table import Row

NAME = "defrag"
TARGET = "p99 of reads at most 1.5x of idle; write amplification at most 2.0"

FILESIZE = 2 << 30
VALUE = 1000


def _overwrite(server: Server, keys: int, stop: threading.Event) -> None:
    while not stop.is_set():
        load(server, op="put", size=VALUE, keys=keys, connections=1, outstanding=8, seconds=1, measured=False)


def run(*, rounds: int, seconds: float) -> list[Row]:
    keys = int(FILESIZE * 0.65) // (VALUE + 48)
    read = {"op": "get", "keys": keys, "connections": 2, "outstanding": 1, "seconds": seconds}
    busy, idle = [], []
    with scratch() as folder, memgridd("shadow", folder, filesize="2G") as server:
        load(server, op="put", fill=True, size=VALUE, keys=keys)
        load(server, op="put", size=VALUE, keys=keys, seconds=10)  # until defrag has work to do
        for _ in range(rounds):
            idle.append(load(server, **read)["p99_us"])
            stop = threading.Event()
            writer = threading.Thread(target=_overwrite, args=(server, keys, stop))
            writer.start()
            busy.append(load(server, **read)["p99_us"])
            stop.set()
            writer.join()
    return [Row("get p99 beside overwrites at 65 % fill", "µs", busy, idle, "idle", target="≤ 1.5")]
