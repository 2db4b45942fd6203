"""docs/api.md tells every endpoint and parameter as the OpenAPI document has them."""

import json
import re
from pathlib import Path
from typing import Any

from mirror.web.api import ENDPOINTS, PREFIX
from mirror.web.api.openapi import document
from mirror.web.problems import STATUSES

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
DESCRIBED: dict[str, Any] = json.loads(document(PREFIX, ENDPOINTS))
COMMON = ("platform", "limit", "cursor", "at")


def operations() -> dict[str, Any]:
    return {path.removeprefix(PREFIX): found["get"] for path, found in DESCRIBED["paths"].items()}


def meaning(parameter: dict[str, Any]) -> str:
    """What a parameter means, with the words it takes and what it is unless given."""
    schema = parameter["schema"]
    words = schema.get("enum") or schema.get("items", {}).get("enum") or ()
    text: str = parameter["description"]
    if words:
        text += f" One of {', '.join(f'`{word}`' for word in words)}."
    if "default" in schema:
        default = schema["default"]
        text += f" Default: `{default if isinstance(default, str) else json.dumps(default)}`."
    return text


def table(path: str) -> str:
    """The section of an endpoint's parameters as the document has to have it."""
    rows = [
        f"| `{each['name']}` | {meaning(each)} |"
        for each in operations()[path]["parameters"]
        if each["in"] == "query" and each["name"] not in COMMON
    ]
    return "\n".join(["| parameter | meaning |", "|---|---|", *rows]) if rows else ""


def takes(path: str) -> list[str]:
    names = [each["name"] for each in operations()[path]["parameters"] if each["in"] == "query"]
    return [name for name in COMMON if name in names]


def tables() -> str:
    """All of it, to be taken over into the document."""
    parts = []
    for path, operation in operations().items():
        common = ", ".join(f"`{name}`" for name in takes(path))
        parts += [f"### GET {path}", operation["description"], table(path), f"Common: {common}."]
    return "\n\n".join(part for part in parts if part)


def test_every_endpoint_has_its_section_and_no_other() -> None:
    assert re.findall(r"^### GET (\S+)$", TEXT, re.MULTILINE) == list(operations())


def test_every_section_tells_what_the_description_does() -> None:
    for path, operation in operations().items():
        (section,) = re.findall(
            rf"^### GET {re.escape(path)}\n((?:(?!##).*\n)*)", TEXT, re.MULTILINE
        )
        assert operation["description"] in section, path
        assert table(path) in section, f"{path}:\n{table(path)}"
        common = ", ".join(f"`{name}`" for name in takes(path))
        assert f"Common: {common}." in section, path


def test_the_common_parameters_are_told_once() -> None:
    for name in COMMON:
        said = {
            meaning(each)
            for operation in operations().values()
            for each in operation["parameters"]
            if each["name"] == name and each["in"] == "query"
        }
        for text in said:
            assert f"| `{name}` | {text} |" in TEXT


def test_every_error_status_is_told() -> None:
    told = dict(re.findall(r"^\| (\d{3}) \| `(\w+)`", TEXT, re.MULTILINE))
    assert {int(status): code for status, code in told.items()} == STATUSES
