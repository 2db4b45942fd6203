"""Writes the OpenAPI 3.1 document from the table of endpoints and the types they name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from mirror.web.api import params as parameters
from mirror.web.api.endpoint import VERSION, Endpoint
from mirror.web.problems import Failure

Json = dict[str, Any]

DESCRIPTION = """\
A queryable copy of a media library, kept from the platform's callbacks. Everything here reads, and
needs a token. Lists come in pages: `next` of one is `cursor` of the next. Unknown parameters are
refused. Answers have an ETag; `If-None-Match` saves an answer that has not changed."""

ERRORS = {
    "400": "A parameter is unknown, or its value cannot be used.",
    "401": "No valid token was shown.",
    "404": "It does not exist.",
    "410": "The place belongs to a feed that a rebuild has ended: begin anew.",
    "429": "Too many wrong tokens came from this address.",
    "503": "Too many read at once, or the database cannot be reached.",
}
_CONVERTOR = re.compile(r"\{(\w+)(?::\w+)?\}")
_REF = "#/components/schemas/{name}"


def document(prefix: str, endpoints: Iterable[Endpoint]) -> bytes:
    """The document as JSON."""
    listed = list(endpoints)
    answers, components = msgspec.json.schema_components(
        [*(each.answer for each in listed), Failure], ref_template=_REF
    )
    *schemas, failure = answers
    paths = {
        prefix + _CONVERTOR.sub(r"{\1}", each.path): {"get": _operation(each, schema)}
        for each, schema in zip(listed, schemas, strict=True)
    }
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "mirror", "version": VERSION, "description": DESCRIPTION},
            "security": [{"bearer": []}, {"login": []}],
            "paths": paths,
            "components": {
                "schemas": components,
                "responses": {status: _response(text, failure) for status, text in ERRORS.items()},
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "login": {"type": "apiKey", "in": "cookie", "name": "mirror-8000"},
                },
            },
        }
    )


def _operation(endpoint: Endpoint, schema: Json) -> Json:
    content: Json = {"application/json": {"schema": schema}}
    if endpoint.streams:
        content["text/event-stream"] = {
            "schema": {"type": "string", "description": "Server-sent events: one for each change."}
        }
    errors = {"400", "401", "404", "429", "503"} | ({"410"} if endpoint.streams else set())
    responses: Json = {
        "200": {"description": _sentence(endpoint.read.__doc__), "content": content},
        "304": {"description": "It has not changed since the ETag that was sent."},
    }
    for status in sorted(errors):
        responses[status] = {"$ref": f"#/components/responses/{status}"}
    return {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "description": _sentence(endpoint.read.__doc__),
        "parameters": [*_of_path(endpoint), *_of_query(endpoint), *_of_headers(endpoint)],
        "responses": responses,
    }


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


def _response(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _of_path(endpoint: Endpoint) -> list[Json]:
    return [
        {
            "name": match[1],
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 1}
            if ":int" in match[0]
            else {"type": "string", "minLength": 1},
        }
        for match in _CONVERTOR.finditer(endpoint.path)
    ]


def _of_query(endpoint: Endpoint) -> list[Json]:
    (ref,), components = msgspec.json.schema_components([endpoint.params], ref_template="{name}")
    fields: Json = components[ref["$ref"]]["properties"]
    many = parameters.repeatable(endpoint.params)
    return [_parameter(name, dict(schema), many=name in many) for name, schema in fields.items()]


def _parameter(name: str, schema: Json, *, many: bool) -> Json:
    """A query cannot say null, so what may be left out has the type it has when it is there."""
    choices = [one for one in schema.pop("anyOf", []) if one.get("type") != "null"]
    if len(choices) == 1:
        schema = {**choices[0], **{key: text for key, text in schema.items() if text is not None}}
    description = schema.pop("description", "")
    if schema.get("default") in (None, [], ()):
        schema.pop("default", None)
    found: Json = {"name": name, "in": "query", "description": description, "schema": schema}
    return {**found, "style": "form", "explode": True} if many else found


def _of_headers(endpoint: Endpoint) -> list[Json]:
    if not endpoint.streams:
        return []
    return [
        {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "Where a stream goes on: the id of the last event, which is its place.",
            "schema": {"type": "string", "pattern": "^(0|[0-9]{1,9}:[0-9]{1,18}:[0-9]{1,9})$"},
        }
    ]
