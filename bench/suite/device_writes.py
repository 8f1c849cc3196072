"""Put of 256 B acknowledged on the device, beside Redis and Valkey with `appendfsync always`, and the disk's own rate."""

from __future__ import annotations

import os
import time
from pathlib import Path

from suite.peers import redis, redis_benchmark, valkey
from suite.processes import load, memgridd, scratch
from suite.table import Row

NAME = "device_writes"
TARGET = "at least 2x the better of Redis and Valkey at 64 clients, 1.3x at 256; CPU less than theirs"

ALWAYS = ("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
CONNECTIONS = 12  # gRPC clients share connections; RESP ones have one each


def disk_rate(folder: Path, seconds: float) -> float:
    """fdatasync of 4 KiB into a file that was written before, a second."""
    page = b"x" * 4096
    with (folder / "sync").open("wb", buffering=0) as file:
        file.write(page * 4096)
        os.fdatasync(file.fileno())
        done, began = 0, time.monotonic()
        while time.monotonic() - began < seconds:
            os.pwrite(file.fileno(), page, done % 4096 * 4096)
            os.fdatasync(file.fileno())
            done += 1
        return done / (time.monotonic() - began)


def run(*, rounds: int, seconds: float) -> list[Row]:
    rows = []
    with (
        scratch() as one, scratch() as two, scratch() as three,
        memgridd("device", one) as ours, redis(two, *ALWAYS) as red, valkey(three, *ALWAYS) as val,
    ):  # fmt: skip
        for clients, times in ((64, 2.0), (256, 1.3)):
            mine, theirs, syncs = [], [], []
            for _ in range(rounds):
                mine.append(load(ours, op="put", size=256, connections=CONNECTIONS, seconds=seconds,
                                 outstanding=max(1, round(clients / CONNECTIONS))))  # fmt: skip
                calls = int(60_000 * seconds)
                both = [redis_benchmark(peer, clients=clients, size=256, calls=calls) for peer in (red, val)]
                theirs.append(max(both, key=lambda result: result["calls_per_second"]))
                syncs.append(disk_rate(one, 0.5))
            peer = "better of Redis 8.2, Valkey 9.1"
            rows += [
                Row(f"put 256 B, {clients} clients, calls", "/s", [m["calls_per_second"] for m in mine],
                    [t["calls_per_second"] for t in theirs], peer, "most", target=f"≥ {times}"),
                Row(f"put 256 B, {clients} clients, CPU a call", "µs", [m["server_cpu_us_per_call"] for m in mine],
                    [t["server_cpu_us_per_call"] for t in theirs], peer, target="< 1"),
                Row(f"put 256 B, {clients} clients, calls", "/s", [m["calls_per_second"] for m in mine], syncs,
                    "fdatasync of 4 KiB", "most"),
            ]  # fmt: skip
    return rows
