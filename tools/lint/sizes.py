"""Files have at most 600 lines, functions at most 45 (C++ and Python, from the signature to the closing brace)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree import CPP, Finding, Tree, line_of

FILE_LINES = 600
FUNCTION_LINES = 45
SOURCES = (*CPP, ".py", ".sh", ".js", ".ts", ".rs", ".proto")


@dataclass(frozen=True)
class Function:
    name: str
    first: int
    last: int

    @property
    def lines(self) -> int:
        return self.last - self.first + 1


def check(tree: Tree) -> Iterator[Finding]:
    for path in tree.files(*SOURCES):
        lines = tree.text(path).count("\n")
        if lines > FILE_LINES:
            message = f"{lines} lines, more than {FILE_LINES}: split it by reason to change"
            yield Finding(path, 1, message, value=lines)
    for path in tree.files(*CPP, ".py"):
        found = (
            python_functions(tree.text(path))
            if path.endswith(".py")
            else cpp_functions(tree.code(path))
        )
        for function in found:
            if function.lines > FUNCTION_LINES:
                message = f"{function.name}: {function.lines} lines, more than {FUNCTION_LINES}"
                subject = f"{path}:{function.name}"
                yield Finding(path, function.first, message, subject, function.lines)


def python_functions(text: str) -> Iterator[Function]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Function(node.name, node.lineno, node.end_lineno or node.lineno)


_SCOPE = re.compile(
    r"\b(namespace|class|struct|union|enum|extern)\b(?!.*\)\s*(const|noexcept|override|final|\s)*$)",
    re.S,
)
_CONTROL = re.compile(r"^\s*(\}?\s*else\b|if|for|while|switch|do|try|catch)\b")
_NAME = re.compile(r"([~\w:]+|operator\s*\S+?|operator\s*\(\))\s*\(")


def cpp_functions(code: str) -> Iterator[Function]:
    """Outermost function bodies of a file without comments and literals; lambdas count to their function."""
    code = _without_preprocessor(code)
    start = 0  # of the text before the next brace
    depth = parentheses = 0
    body: tuple[str, int, int] | None = None  # name, offset, depth of the open function
    for match in re.finditer(r"[{};()]", code):
        token, at = match.group(0), match.start()
        if token in "()":
            parentheses += 1 if token == "(" else -1
            continue
        if token == ";":
            if not parentheses:
                start = at + 1
            continue
        if token == "{":
            depth += 1
            head = code[start:at]
            if body is None and not parentheses and _is_function(head):
                offset = start + len(head) - len(head.lstrip())
                body = (_function_name(head), offset, depth)
        else:
            if body is not None and body[2] == depth:
                yield Function(body[0], line_of(code, body[1]), line_of(code, at))
                body = None
            depth -= 1
        if not parentheses:
            start = at + 1


def _without_preprocessor(code: str) -> str:
    return re.sub(
        r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), code, flags=re.M
    )


def _is_function(head: str) -> bool:
    if ")" not in head or _CONTROL.match(head) or head.rstrip().endswith(("=", ",", "return")):
        return False
    return not _SCOPE.search(head)


def _function_name(head: str) -> str:
    match = _NAME.search(re.sub(r"^\s*(template\s*<.*?>\s*)+", "", head, flags=re.S))
    if match is None:
        return "?"
    name = match.group(1)
    if name.startswith(("TEST", "RC_GTEST", "BENCHMARK", "TYPED_TEST")):
        arguments = re.search(r"\(([^)]*)\)", head)
        name = (
            ".".join(part.strip() for part in arguments.group(1).split(",")[:2])
            if arguments
            else name
        )
    return name
