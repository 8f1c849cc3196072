"""Findings that are put up with, each with its limit: lines `CHECK SUBJECT [VALUE]` of exceptions.txt."""

from __future__ import annotations

from pathlib import Path

from tree import Finding


class Exceptions:
    """An entry hides findings of its check and subject up to its value; one that hides nothing is a finding itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[tuple[str, str], tuple[int, int]] = {}  # (check, subject) -> value, line
        for number, line in enumerate(path.read_text().splitlines(), 1) if path.exists() else ():
            words = [] if line.startswith("#") else line.split("  #")[0].split()
            if words:
                check, subject, *value = words
                self.entries[check, subject] = (int(value[0]) if value else 0, number)

    def filter(self, check: str, findings: list[Finding]) -> list[Finding]:
        """What remains of the `findings` of `check`, and the entries for it that are not needed any more."""
        kept = [finding for finding in findings if not self._hides(check, finding)]
        needed = {finding.key for finding in findings}
        for (name, subject), (_, line) in self.entries.items():
            if name == check and subject not in needed:
                message = f"{subject} needs no exception any more: delete this line"
                kept.append(Finding(f"tools/lint/{self.path.name}", line, message))
        return kept

    def _hides(self, check: str, finding: Finding) -> bool:
        entry = self.entries.get((check, finding.key))
        return entry is not None and finding.value <= entry[0]
