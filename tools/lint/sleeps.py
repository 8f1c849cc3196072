"""Tests wait for events, never for time to pass: a sleep is either too short somewhere or too long everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree import CPP, Finding, Tree, is_test, line_of

SLEEP = re.compile(
    r"\b(sleep_for|sleep_until|usleep|nanosleep|SleepFor|(?:time|asyncio)\.sleep)\s*\("
)


def check(tree: Tree) -> Iterator[Finding]:
    for path in tree.files(*CPP, ".py"):
        if not is_test(path) or path.startswith("tools/"):
            continue
        text = tree.text(path) if path.endswith(".py") else tree.code(path)
        for match in SLEEP.finditer(text):
            yield Finding(
                path,
                line_of(text, match.start()),
                f"`{match.group(1)}`: wait for the event instead",
                value=1,
            )
