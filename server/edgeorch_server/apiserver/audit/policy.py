"""Which requests are written down, and how much of them: the rules of an audit.k8s.io/v1 Policy.

The first rule that fits decides (``k8s.io/apiserver/pkg/audit/policy``). Of the stages there are
``ResponseStarted``, of what goes on for long, and ``ResponseComplete``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from edgeorch.api.decode import decode_object
from edgeorch.errors import BadRequest, UserError
from edgeorch_server.access.attributes import Who
from edgeorch_server.apiserver.audit.requests import Asked
from edgeorch_server.apiserver.paths import Target

NONE, METADATA, REQUEST, REQUEST_RESPONSE = "None", "Metadata", "Request", "RequestResponse"

Stage = Literal["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]


@dataclass(frozen=True, slots=True)
class Decision:
    """How much is written about a request."""

    level: str = NONE
    omit_stages: frozenset[str] = frozenset()
    omit_managed_fields: bool = False

    def writes(self, stage: Stage) -> bool:
        """Whether there is an event of a stage."""
        return self.level != NONE and stage not in self.omit_stages

    @property
    def with_request(self) -> bool:
        """Whether the body of the request is written."""
        return self.level in {REQUEST, REQUEST_RESPONSE}

    @property
    def with_response(self) -> bool:
        """Whether the body of the answer is."""
        return self.level == REQUEST_RESPONSE


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_alias=True)


class Resources(_Part):
    """Resources of one group."""

    group: str = ""
    """The group; empty is core."""
    resources: tuple[str, ...] = ()
    """Plural names, ``pods/log`` for a subresource, ``*`` for any; empty is everything of the group."""
    resource_names: tuple[str, ...] = ()
    """Names; empty is every name."""

    def fits(self, target: Target) -> bool:
        """Whether a request is about one of these."""
        if target.group != self.group or (self.resource_names and target.name not in self.resource_names):
            return False
        named = f"{target.plural}/{target.subresource}" if target.subresource else target.plural
        wanted = {named, "*", f"{target.plural}/*", f"*/{target.subresource}" if target.subresource else named}
        return not self.resources or not wanted.isdisjoint(self.resources)


class Rule(_Part):
    """What is done about some requests; what is left out fits all of them."""

    level: Literal["None", "Metadata", "Request", "RequestResponse"]
    """How much is written."""
    users: tuple[str, ...] = ()
    """Names of users."""
    user_groups: tuple[str, ...] = ()
    """Groups of users."""
    verbs: tuple[str, ...] = ()
    """What is done."""
    resources: tuple[Resources, ...] = ()
    """What it is done to."""
    namespaces: tuple[str, ...] = ()
    """Where; the empty text is the cluster's own scope."""
    non_resource_urls: tuple[str, ...] = Field((), alias="nonResourceURLs")
    """Paths that are no resources; a ``*`` at the end stands for whatever follows."""
    omit_stages: tuple[Stage, ...] = ()
    """Stages of which nothing is written, besides the policy's."""
    omit_managed_fields: bool | None = None
    """Leave ``metadata.managedFields`` out of bodies; what is not said here is as the policy says."""

    def fits(self, asked: Asked, user: Who) -> bool:
        """Whether the rule is about this request."""
        if self.users and user.name not in self.users:
            return False
        if self.user_groups and not set(self.user_groups) & set(user.groups):
            return False
        if self.verbs and asked.verb not in self.verbs:
            return False
        if asked.target is None:
            if self.resources or self.namespaces:
                return False
            return not self.non_resource_urls or any(_under(url, asked.path) for url in self.non_resource_urls)
        if self.non_resource_urls:
            return False
        if self.namespaces and asked.target.namespace not in self.namespaces:
            return False
        return not self.resources or any(one.fits(asked.target) for one in self.resources)


class Policy(_Part):
    """All rules; a request that none of them fits is not written down."""

    api_version: Literal["audit.k8s.io/v1"] = "audit.k8s.io/v1"
    kind: Literal["Policy"] = "Policy"
    metadata: dict[str, object] = Field(default_factory=dict)
    omit_stages: tuple[Stage, ...] = ()
    """Stages of which nothing is written."""
    omit_managed_fields: bool = False
    """Leave ``metadata.managedFields`` out of bodies."""
    rules: tuple[Rule, ...]

    def decide(self, asked: Asked, user: Who) -> Decision:
        """Find how much is written about a request."""
        rule = next((rule for rule in self.rules if rule.fits(asked, user)), None)
        if rule is None:
            return Decision()
        omit = self.omit_managed_fields if rule.omit_managed_fields is None else rule.omit_managed_fields
        return Decision(rule.level, frozenset({*self.omit_stages, *rule.omit_stages}), omit)


EVERYTHING = Policy(rules=(Rule(level=METADATA),))
"""What applies without a file."""


def load_policy(path: Path) -> Policy:
    """Read a policy (YAML or JSON); raises UserError."""
    try:
        value = decode_object(path.read_bytes(), yaml=True, kind="Policy").value
        return Policy.model_validate(value)
    except OSError as exc:
        raise UserError(f"cannot read the audit policy {path}: {exc.strerror}") from exc
    except BadRequest as exc:
        raise UserError(f"{path}: {exc.message}") from exc
    except ValidationError as exc:
        raise UserError(f"{path} is no audit policy: {_first(exc)}") from exc


def _first(exc: ValidationError) -> str:
    error = exc.errors()[0]
    return f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"


def _under(url: str, path: str) -> bool:
    return path.startswith(url[:-1]) if url.endswith("*") else path == url
