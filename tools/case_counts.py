"""Counts test cases out of what ctest, GoogleTest and pytest leave behind."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Counts:
    """Test cases that ran. Skipped and disabled ones count as neither."""

    passed: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.failures + other.failures,
        )

    @staticmethod
    def of(ok: bool, name: str) -> Counts:
        return Counts(1, 0) if ok else Counts(0, 1, [name])


def count_junit(path: Path, exit_code: int) -> Counts:
    """Cases of a JUnit file as pytest and GoogleTest write it.

    A run that ended badly without a failed case (a crash, a missing file, an error at import) is one failure.
    """
    counts = Counts()
    root = _parse(path)
    for case in root.iter("testcase") if root is not None else ():
        if case.find("failure") is not None or case.find("error") is not None:
            counts += Counts.of(False, f"{case.get('classname')}.{case.get('name')}")
        elif (
            case.find("skipped") is None
            and case.get("status") != "notrun"  # GoogleTest: disabled
            and case.get("result") not in ("skipped", "suppressed")
        ):
            counts += Counts.of(True, "")
    if exit_code != 0 and not counts.failed:
        counts += Counts.of(False, f"exit code {exit_code} ({path.name})")
    return counts


def count_ctest(summary: Path, gtest: Path, exit_code: int) -> Counts:
    """Cases of a ctest run: `summary` is its JUnit file; `gtest` holds one file a GoogleTest program.

    A program that is no GoogleTest program counts as one case.
    """
    counts = Counts()
    root = _parse(summary)
    for test in root.iter("testcase") if root is not None else ():
        name, ok = test.get("name", ""), test.get("status") == "run"
        if test.get("status") == "disabled":
            continue
        cases = gtest / f"{name}.xml"
        if cases.exists():
            counts += count_junit(cases, 0 if ok else 1)
        else:
            counts += Counts.of(ok, name)
    if exit_code != 0 and not counts.failed:
        counts += Counts.of(False, f"ctest: exit code {exit_code}")
    return counts


def _parse(path: Path) -> ElementTree.Element | None:
    try:
        return ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return None  # the program died before or while it wrote
