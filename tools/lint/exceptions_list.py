"""Findings that are put up with, each with its limit: lines `CHECK SUBJECT [VALUE]` of exceptions.txt."""

from __future__ import annotations

from pathlib import Path

from tree import Finding


class Exceptions:
    """An entry hides findings of its check and subject up to its value."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[tuple[str, str], tuple[int, int]] = {}  # (check, subject) -> value, line
        for number, line in enumerate(path.read_text().splitlines(), 1) if path.exists() else ():
            words = [] if line.startswith("#") else line.split("  #")[0].split()
            if words:
                check, subject, *value = words
                self.entries[check, subject] = (int(value[0]) if value else 0, number)

    def filter(self, check: str, findings: list[Finding]) -> list[Finding]:
        kept = []
        for finding in findings:
            entry = self.entries.get((check, finding.key))
            if entry is None or finding.value > entry[0]:
                kept.append(finding)
        return kept
