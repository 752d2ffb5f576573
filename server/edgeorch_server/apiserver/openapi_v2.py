"""OpenAPI v2 ("Swagger"), made of the v3 documents: for clients that have not heard of those.

What v2 cannot say is left out: of a body's media types it knows the names only, and ``oneOf`` becomes the
type that Kubernetes gives there. Up to 1.24 kubectl checks objects against this document, and sends none
that does not fit; so what it reads wrong in the schema of a custom resource is left out too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from edgeorch_server.apiserver import openapi_parameters

JsonObject = dict[str, Any]

ANSWERED_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
PROTOBUF_TYPES = ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", ANSWERED_TYPE)
"""The one with ``@`` is what clients ask for; it is no valid media type, so the other is answered."""

_METHODS = ("get", "put", "post", "delete", "patch")
_KINDS = "x-kubernetes-group-version-kind"
_OTHER_MEMBERS = ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource")
"""Marks of objects that have more members than their schema names."""


def document(documents: Iterable[JsonObject]) -> JsonObject:
    """Put v3 documents together into one of v2."""
    parameters = {name: _parameter(found) for name, found in openapi_parameters.components().items()}
    return {**_merged(documents, _path_item), "parameters": parameters}


def brief(documents: Iterable[JsonObject]) -> JsonObject:
    """Put v3 documents together as far as Go's clients look at them, in protobuf.

    Those are the definitions, and what may be asked with PATCH: kubectl looks for ``dryRun`` and
    ``fieldValidation`` there and nowhere else (``query_param_verifier.go`` of cli-runtime).
    """
    return _merged(documents, _patch_only)


def _merged(documents: Iterable[JsonObject], path_item: Callable[[JsonObject], JsonObject]) -> JsonObject:
    paths: JsonObject = {}
    definitions: JsonObject = {}
    info: JsonObject = {}
    for each in documents:
        info = each["info"]
        paths |= {path: found for path, item in each["paths"].items() if (found := path_item(item))}
        for name, schema in each["components"]["schemas"].items():
            # a document knows only of its own kinds which they are, and two may have the same model
            known, new = definitions.get(name, {}), _schema(schema)
            kinds = list(known.get(_KINDS, ()))
            kinds += [kind for kind in new.get(_KINDS, ()) if kind not in kinds]
            definitions[name] = known | new | ({_KINDS: kinds} if kinds else {})
    return {"swagger": "2.0", "info": info, "paths": paths, "definitions": definitions}


def _path_item(item: JsonObject) -> JsonObject:
    operations = {method: _operation(item[method]) for method in _METHODS if method in item}
    return {**operations, "parameters": [_parameter(p) for p in item["parameters"]]}


def _patch_only(item: JsonObject) -> JsonObject:
    if "patch" not in item:
        return {}
    operation = _operation(item["patch"])
    parameters = [found for found in operation["parameters"] if found.get("in") == "query"]
    left_out = {"responses", "produces", "tags"}
    kept = {key: value for key, value in operation.items() if key not in left_out}
    return {"patch": {**kept, "parameters": parameters}}


def _operation(operation: JsonObject) -> JsonObject:
    found = {
        key: value for key, value in operation.items() if key not in {"requestBody", "parameters", "responses"}
    }
    found["parameters"] = [_parameter(p) for p in operation.get("parameters", [])]
    if body := operation.get("requestBody"):
        found["consumes"] = list(body["content"])
        *_, last = body["content"].values()
        required = {"required": True} if body.get("required") else {}
        found["parameters"].append(
            {"name": "body", "in": "body", "schema": _schema(last["schema"]), **required}
        )
    produced: dict[str, None] = {}
    found["responses"] = {}
    for code, answer in operation["responses"].items():
        response = {"description": answer["description"]}
        for media, content in answer.get("content", {}).items():
            produced[media] = None
            response["schema"] = _schema(content["schema"])
        found["responses"][code] = response
    found["produces"] = list(produced)
    return found


def _parameter(parameter: Mapping[str, Any]) -> JsonObject:
    if "$ref" in parameter:
        return {"$ref": parameter["$ref"].replace("#/components/parameters/", "#/parameters/")}
    schema = {key: value for key, value in parameter["schema"].items() if key != "minLength"}
    return {key: value for key, value in parameter.items() if key != "schema"} | schema


def _schema(schema: JsonObject) -> JsonObject:
    found: JsonObject = {}
    unreadable = _unreadable(schema)
    for key, value in schema.items():
        match key, value:
            case key, _ if key in unreadable:
                pass
            case "$ref", str(target):
                found[key] = target.replace("#/components/schemas/", "#/definitions/")
            case "allOf", [{"$ref": _} as one]:
                found |= _schema(one)
            case "oneOf", [*kinds] if all(kind.keys() == {"type"} for kind in kinds):
                found["type"] = "string"
            case (("allOf" | "oneOf"), _):
                pass
            case "properties", dict(members):
                found[key] = {name: _schema(member) for name, member in members.items()}
            case (("items" | "additionalProperties"), dict(inner)):
                found[key] = _schema(inner)
            case "required", [*names]:
                members = schema.get("properties", {})
                if kept := [name for name in names if not members.get(name, {}).get("nullable")]:
                    found[key] = kept
            case _:
                found[key] = value
    return found


def _unreadable(schema: JsonObject) -> set[str]:
    """Say which members must go, as ``ToStructuralOpenAPIV2`` of apiextensions-apiserver does.

    v2 has no ``nullable``, and kubectl takes members that the schema does not name for mistakes. It refuses a
    document that has an array without ``items``.
    """
    found = {"anyOf", "not", "nullable", "default"}
    if schema.get("nullable"):
        found |= {"type", "items", "properties"}
    if any(schema.get(mark) for mark in _OTHER_MEMBERS):
        found |= {"items", "properties"}
    if schema.get("type") == "array" and ("items" in found or "items" not in schema):
        found.add("type")
    return found
