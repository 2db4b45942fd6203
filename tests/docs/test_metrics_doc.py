"""docs/metrics.md shows every metric as the catalogue has it, and every field that a log line may have."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from mirror.web.metrics.catalogue import METRICS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
LOG = re.compile(r"debug|info|warning|error|critical|exception|log")
OWN = {"at", "level", "logger", "message", "traceback"}


def test_every_metric_is_shown_as_it_is_and_no_other() -> None:
    shown = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) ?\| (.*?) \|$", TEXT, re.MULTILINE)
    assert [
        (name, kind, tuple(re.findall(r"`(\w+)`", labels)), text)
        for name, kind, labels, text in shown
        if name.startswith("mirror_")
    ] == [(metric.shown, metric.kind, metric.labels, metric.help) for metric in METRICS.values()]


def extras(tree: ast.Module) -> Iterator[ast.expr]:
    """What is given as `extra` to a log."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if not LOG.fullmatch(node.func.attr):
                continue
            yield from (word.value for word in node.keywords if word.arg == "extra")


def keys(value: ast.expr, tree: ast.Module) -> Iterator[str]:
    if isinstance(value, ast.Name):
        [value] = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == value.id
        ]
    assert isinstance(value, ast.Dict), ast.unparse(value)
    for key in value.keys:
        assert isinstance(key, ast.Constant), ast.unparse(value)
        yield str(key.value)


def logged() -> set[str]:
    found = set[str]()
    for path in (ROOT / "mirror").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for value in extras(tree):
            found |= set(keys(value, tree))
    return found


def test_every_field_of_a_log_line_is_told_and_no_other() -> None:
    section = TEXT.split("\n## Logs\n")[1]
    cells = re.findall(r"^\| (`.*?`) \| \w+ \|", section, re.MULTILINE)
    told = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert len(told) == len(set(told))
    assert set(told) == logged() | OWN
    assert logged().isdisjoint(OWN)
