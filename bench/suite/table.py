"""Figures of several rounds, their medians, and the ratio to what they are held against."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field


@dataclass
class Row:
    """One measurement beside another: `ours` against `theirs`, both over the same rounds."""

    what: str
    unit: str
    ours: list[float]
    theirs: list[float]
    peer: str
    #: "least" where less is better (CPU, bytes, time), else "most".
    better: str = "least"
    target: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Ours over theirs; median of the rounds' ratios, which neighbours disturb least."""
        pairs = [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True) if theirs]
        return statistics.median(pairs) if pairs else float("nan")

    def as_dict(self) -> dict[str, object]:
        return {**self.__dict__, "ratio": self.ratio}


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def render(rows: list[Row]) -> str:
    """A Markdown table."""
    lines = ["| what | memgrid | beside | figure | ratio | target |", "|---|---|---|---|---|---|"]
    for row in rows:
        ours = _number(statistics.median(row.ours)) + f" {row.unit}"
        theirs = _number(statistics.median(row.theirs)) + f" {row.unit}" if row.theirs else "–"
        ratio = f"{row.ratio:.2f}" if row.theirs else "–"
        lines.append(f"| {row.what} | {ours} | {row.peer} | {theirs} | {ratio} | {row.target} |")
        lines += [f"| | {note} | | | | |" for note in row.notes]
    return "\n".join(lines)
