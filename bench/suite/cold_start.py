"""From the start of the process until every Get is answered: 5 M small keys, and 4 GiB of 64 KiB values."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from suite.processes import load, memgridd, scratch
from suite.table import Row

NAME = "cold_start"
TARGET = "at least 2 M records per second and core; at least 80 % of `dd iflag=direct` of the same file"

SMALL, LARGE = 5_000_000, (4 << 30) // (64 << 10)


def _start(folder: Path, filesize: str) -> tuple[float, float]:
    """Seconds until ready, and CPU seconds of the server."""
    began = time.monotonic()
    with memgridd("shadow", folder, filesize=filesize) as server:
        return time.monotonic() - began, server.cpu_seconds()


def _dd(path: Path, length: int) -> float:
    """Bytes a second of a sequential direct read."""
    began = time.monotonic()
    count = max(1, length >> 20)
    subprocess.run(
        ["dd", f"if={path}", "of=/dev/null", "bs=1M", f"count={count}", "iflag=direct"], check=True, capture_output=True
    )
    return (count << 20) / (time.monotonic() - began)


def run(*, rounds: int, seconds: float) -> list[Row]:
    del seconds
    rows = []
    with scratch() as folder:
        with memgridd("shadow", folder) as server:
            load(server, op="put", fill=True, keys=SMALL, size=100)
        cpu = [_start(folder, "4G")[1] for _ in range(rounds)]
        rows.append(Row("5 M keys of 16 + 100 B, records a CPU second", "/s", [SMALL / c for c in cpu],
                        [1.0e6] * rounds, "Redis RDB (quoted: 1.0 M)", "most", target="≥ 2 M"))  # fmt: skip
    with scratch() as folder:
        with memgridd("shadow", folder, filesize="8G") as server:
            load(server, op="put", fill=True, keys=LARGE, size=64 << 10, connections=2, outstanding=8)
        length = LARGE * (64 << 10)
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(length / _start(folder, "8G")[0])
            theirs.append(_dd(folder / "shadow.0", length))
        rows.append(Row("4 GiB of 64 KiB values, bytes a second", "B/s", ours, theirs, "dd iflag=direct", "most",
                        target="≥ 0.80"))  # fmt: skip
    return rows
