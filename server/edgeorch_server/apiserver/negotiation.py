"""Content negotiation: what the client accepts, and what its body is written in.

Answers are JSON; ``as=Table`` and ``as=PartialObjectMetadata`` choose another shape of it, and so does
``as=APIGroupDiscoveryList`` for discovery. The client's order decides among what we can produce, as in
Kubernetes.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgeorch.errors import BadRequest, NotAcceptable, UnsupportedMediaType
from edgeorch_server.registry.base import PatchType

META_GROUP = "meta.k8s.io"
DISCOVERY_GROUP = "apidiscovery.k8s.io"
DISCOVERY_KIND = "APIGroupDiscoveryList"

JSON_TYPE = "application/json"
YAML_TYPE = "application/yaml"
PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf"


class Shape(enum.Enum):
    """What an object looks like in the answer."""

    OBJECT = "object"
    TABLE = "Table"
    METADATA = "PartialObjectMetadata"


class IncludeObject(enum.StrEnum):
    """What a Table's rows carry besides their cells (meta/v1 TableOptions)."""

    NONE = "None"
    METADATA = "Metadata"
    OBJECT = "Object"


@dataclass(frozen=True, slots=True)
class Representation:
    """How objects are written for one client; hashable, so that encoded events can be shared."""

    shape: Shape = Shape.OBJECT
    version: str = "v1"
    """Of ``meta.k8s.io``, for Tables and metadata."""
    include: IncludeObject = IncludeObject.METADATA

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of a Table or metadata answer."""
        return f"{META_GROUP}/{self.version}"


@dataclass(frozen=True, slots=True)
class Clause:
    """One alternative of an Accept header."""

    media_type: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    quality: float = 1.0

    @property
    def is_json(self) -> bool:
        """Whether JSON satisfies it."""
        return self.media_type in (JSON_TYPE, "application/*", "*/*")


def parse_accept(header: str) -> list[Clause]:
    """Read an Accept header, best first: by quality, then the more specific, then the client's order."""
    clauses = []
    for text in header.split(","):
        media_type, *rest = (part.strip() for part in text.split(";"))
        if not media_type:
            continue
        parameters = dict(_parameter(part) for part in rest if part)
        clauses.append(Clause(media_type.lower(), parameters, _quality(parameters.pop("q", "1"))))
    return sorted(clauses, key=lambda c: (-c.quality, c.media_type.count("*")))


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 1.0


_SHAPES = {
    "Table": Shape.TABLE,
    "PartialObjectMetadata": Shape.METADATA,
    "PartialObjectMetadataList": Shape.METADATA,
}


@functools.lru_cache(maxsize=64)  # a handful of headers make up all traffic
def representation(accept: str) -> Representation:
    """Choose how objects are answered; raises NotAcceptable. No header means JSON."""
    if not accept:
        return Representation()
    for clause in parse_accept(accept):
        if not clause.is_json or clause.quality == 0:
            continue
        if "as" not in clause.parameters:
            return Representation()
        shape = _SHAPES.get(clause.parameters["as"])
        version = clause.parameters.get("v", "")
        if shape and version in ("v1", "v1beta1") and clause.parameters.get("g") == META_GROUP:
            return Representation(shape, version)
    raise NotAcceptable(f"only the following media types are accepted: {JSON_TYPE}")


def with_include_object(chosen: Representation, value: str) -> Representation:
    """Apply ``?includeObject=``, which only Tables know; raises BadRequest."""
    if chosen.shape is not Shape.TABLE or not value:
        return chosen
    try:
        return Representation(chosen.shape, chosen.version, IncludeObject(value))
    except ValueError as exc:
        raise BadRequest(
            "Unable to convert to Table as requested: includeObject: Invalid value: "
            f"\"{value}\": must be 'Metadata', 'Object', 'None', or empty"
        ) from exc


@functools.lru_cache(maxsize=64)
def discovery_version(accept: str) -> str:
    """Choose the version of aggregated discovery (``v2``, ``v2beta1``), or empty for the legacy form."""
    for clause in parse_accept(accept):
        if not clause.is_json or clause.quality == 0:
            continue
        wanted = clause.parameters
        if "as" not in wanted:
            return ""
        if (
            wanted["as"] == DISCOVERY_KIND
            and wanted.get("g") == DISCOVERY_GROUP
            and wanted.get("v") in ("v2", "v2beta1")
        ):
            return wanted["v"]
    return ""


def choose(accept: str, offered: tuple[str, ...]) -> str:
    """Choose among media types, the client's order first, without a header the first; raises NotAcceptable.

    Who asks for another shape (``as=``) does not mean these.
    """
    for clause in parse_accept(accept) if accept else [Clause("*/*")]:
        for media in offered if "as" not in clause.parameters else ():
            if clause.quality and clause.media_type in (media.lower(), "*/*", f"{media.partition('/')[0]}/*"):
                return media
    raise NotAcceptable(f"only the following media types are accepted: {', '.join(offered)}")


def accepts_gzip(header: str) -> bool:
    """Read an Accept-Encoding header (RFC 9110 section 12.5.3)."""
    weights = {clause.media_type: clause.quality for clause in parse_accept(header)}
    return weights.get("gzip", weights.get("*", 0.0)) > 0


class BodyFormat(enum.Enum):
    """What the body of a request is written in."""

    JSON = JSON_TYPE
    YAML = YAML_TYPE
    PROTOBUF = PROTOBUF_TYPE


def body_format(content_type: str) -> BodyFormat:
    """Say what a body is written in; raises UnsupportedMediaType.

    A missing Content-Type means JSON: ``kubectl scale --current-replicas`` sends none.
    """
    try:
        return BodyFormat(media_type(content_type) or JSON_TYPE)
    except ValueError as exc:
        raise UnsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types include: "
            + ", ".join(known.value for known in BodyFormat)
        ) from exc


def patch_type(content_type: str, *, strategic: bool = True) -> PatchType:
    """Find the kind of a patch; raises UnsupportedMediaType.

    ``strategic`` is whether the kind knows how its lists are merged; custom resources do not.
    """
    accepted = [kind for kind in PatchType if strategic or kind is not PatchType.STRATEGIC]
    found = next((kind for kind in accepted if kind == media_type(content_type)), None)
    if found is None:
        raise UnsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types include: "
            + ", ".join(accepted)
        )
    return found


def media_type(content_type: str) -> str:
    """Strip the parameters off a Content-Type."""
    return content_type.partition(";")[0].strip().lower()


def wants_pretty(query_value: str | None, user_agent: str) -> bool:
    """Say whether a person reads the answer: ``?pretty=`` if given, else known tools of people."""
    if query_value:
        return query_value in ("1", "t", "T", "true", "TRUE", "True")
    return user_agent.startswith(("curl", "Wget", "Mozilla/5.0"))
