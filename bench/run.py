"""`./dev bench [WORK ...]`: memgrid beside its peers, A B A B in one run, medians and ratios.

Every work is a module of bench/suite with `NAME`, `TARGET` and `run(rounds) -> list of Row`. The chief figure is CPU of
the server process per operation. Results go to bench/results/ with --save.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import platform
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from suite import WORKS  # noqa: E402
from suite.table import Row, render  # noqa: E402

RESULTS = Path(__file__).parent / "results"


def save(rows: list[Row], rounds: int) -> Path:
    """One file a run: date, machine, and every row."""
    name = f"{datetime.date.today().isoformat()}-{platform.machine()}-{time.strftime('%H%M%S')}.json"
    document = {
        "kernel": platform.release(),
        "cpus": len(__import__("os").sched_getaffinity(0)),
        "rounds": rounds,
        "rows": [row.as_dict() for row in rows],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(json.dumps(document, indent=1) + "\n")
    return RESULTS / name


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("work", nargs="*", help=f"which: {', '.join(WORKS)}; all if none is named")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of which the median is taken (default 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement (default 2)")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results/")
    arguments = parser.parse_args()
    unknown = [work for work in arguments.work if work not in WORKS]
    if unknown:
        parser.error(f"there is no work {unknown[0]!r}; there are {', '.join(WORKS)}")
    rows: list[Row] = []
    for name in arguments.work or WORKS:
        module = importlib.import_module(f"suite.{name}")
        print(f"\n## {name}: {module.TARGET}\n", flush=True)
        got = module.run(rounds=max(1, arguments.rounds), seconds=arguments.seconds)
        print(render(got), flush=True)
        rows += got
    if arguments.save:
        print(f"\nsaved as {save(rows, arguments.rounds)}")


if __name__ == "__main__":
    main()
