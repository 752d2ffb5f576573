"""Requests and answers by an OpenAPI document: what it allows, and what is said of what came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
_WORDS = st.sampled_from(
    ["web", "default", "a", "Always", "v1", "1Gi", "2026-01-01T00:00:00Z", "kubernetes.io/x"]
)
_DEEP = 5
_OFTEN = 9
"""Of ten values, how many are what the document says."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    document: Json
    path: str
    method: str

    @property
    def described(self) -> Json:
        found: Json = self.document["paths"][self.path][self.method]
        return found

    def parameters(self) -> Iterator[Json]:
        for parameter in (
            *self.document["paths"][self.path]["parameters"],
            *self.described.get("parameters", []),
        ):
            yield _followed(self.document, parameter)

    def answer_schema(self, status: int, media_type: str) -> Json | None:
        """Say what the answer is to be; None for a media type that is not described."""
        responses = self.described["responses"]
        content = responses.get(str(status), responses["default"]).get("content", {})
        found: Json | None = content.get(media_type, {}).get("schema")
        return found


def operations(document: Json) -> list[Operation]:
    return [
        Operation(document, path, method)
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    ]


def queries(operation: Operation) -> st.SearchStrategy[dict[str, str]]:
    """Draw some of the parameters, with values of their type, or nearly."""
    numbers = st.integers(-2, 2**64).map(str)
    values: Mapping[str, st.SearchStrategy[str]] = {
        "boolean": st.sampled_from(["true", "false", "1", "x"]),
        "integer": numbers | st.just("x"),
        "string": st.sampled_from(
            ["All", "Strict", "Ignore", "a=b", "!a", "metadata.name=web", "Exact", "1", "Orphan"]
        )
        | st.text(max_size=5),
    }
    known = {
        parameter["name"]: values[parameter["schema"]["type"]]
        for parameter in operation.parameters()
        if parameter["in"] == "query"
    }
    return st.lists(st.sampled_from(sorted(known)), max_size=2, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: known[name] for name in names})
    )


def bodies(document: Json, schema: Json, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a schema, in which now and then something else stands."""
    return st.integers(0, _OFTEN).flatmap(
        lambda luck: _ANYTHING if luck == _OFTEN else _of(document, _followed(document, schema), depth)
    )


def _of(document: Json, schema: Json, depth: int) -> st.SearchStrategy[Any]:
    if "allOf" in schema:
        return bodies(document, schema["allOf"][0], depth)
    if "oneOf" in schema:
        return st.one_of([_of(document, one, depth) for one in schema["oneOf"]])
    match schema.get("type"):
        case "object" if "properties" in schema:
            return _objects(document, schema, depth)
        case "object":
            inner = schema.get("additionalProperties", {})
            return st.dictionaries(
                _WORDS, bodies(document, inner, depth + 1), max_size=1 if depth > _DEEP else 2
            )
        case "array":
            return st.lists(bodies(document, schema["items"], depth + 1), max_size=0 if depth > _DEEP else 2)
        case "integer":
            bits = 32 if schema.get("format") == "int32" else 64
            return st.integers(0, 100) | st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        case "number":
            return st.floats(allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "string":
            return _WORDS | st.text(max_size=5)
        case _:
            return _ANYTHING


@st.composite
def _objects(draw: st.DrawFn, document: Json, schema: Json, depth: int) -> Json:
    properties = schema["properties"]
    few = draw(st.lists(st.sampled_from(sorted(properties)), max_size=1 if depth > 1 else 3, unique=True))
    always = [name for name in ("metadata", "spec") if name in properties and depth == 0]
    names = dict.fromkeys((*always, *schema.get("required", []), *few))
    return {name: draw(bodies(document, properties[name], depth + 1)) for name in names}


def misfits(document: Json, schema: Json, value: Any, at: str = "") -> Iterator[str]:
    """Say where a value is not what its schema says; fields beyond it are misfits too."""
    schema = _followed(document, schema)
    if "allOf" in schema:
        schema = _followed(document, schema["allOf"][0])
    if "oneOf" in schema:
        if all(list(misfits(document, one, value)) for one in schema["oneOf"]):
            yield f"{at}: {value!r} is none of {schema['oneOf']}"
        return
    kinds: Mapping[str, tuple[type, ...]] = {
        "object": (dict,),
        "array": (list,),
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
    }
    kind = schema.get("type")
    if kind and (not isinstance(value, kinds[kind]) or (kind != "boolean" and isinstance(value, bool))):
        yield f"{at}: {value!r} is no {kind}"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from misfits(document, schema["items"], item, f"{at}[{index}]")
    elif isinstance(value, dict):
        yield from _members(document, schema, value, at)


def _members(document: Json, schema: Json, value: Json, at: str) -> Iterator[str]:
    yield from (f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value)
    properties = schema.get("properties")
    for name, item in value.items():
        if properties is None:
            yield from misfits(document, schema.get("additionalProperties", {}), item, f"{at}.{name}")
        elif name in properties:
            yield from misfits(document, properties[name], item, f"{at}.{name}")
        else:
            yield f"{at}.{name} is not described"


def _followed(document: Json, schema: Json) -> Json:
    while "$ref" in schema:
        _, _, place, name = schema["$ref"].split("/")
        schema = document["components"][place][name]
    return schema
