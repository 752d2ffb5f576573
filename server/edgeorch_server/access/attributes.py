"""What is asked of an authorizer, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

MASTERS = "system:masters"
"""The group that may do everything, whatever the roles say: the way back in."""
AUTHENTICATED = "system:authenticated"
"""The group of everyone we know."""
UNAUTHENTICATED = "system:unauthenticated"
"""The group of everyone else."""
ANONYMOUS = "system:anonymous"
"""The name of everyone else."""


class Who(Protocol):
    """What of a user counts for what they may do."""

    @property
    def name(self) -> str:
        """Who it is."""
        ...

    @property
    def groups(self) -> tuple[str, ...]:
        """What they belong to."""
        ...


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is asked, in the words of Kubernetes' authorizers.

    It is about a path where ``path`` is set, else about a resource.
    """

    user: Who
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    """Empty for the whole cluster."""
    name: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        """The resource as rules write it: ``pods/log``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it may go ahead, and why; a refusal that needs no explanation has none."""

    allowed: bool
    reason: str = ""


class Authorizer(Protocol):
    """Decides."""

    def allows(self, attributes: Attributes) -> bool:
        """Say whether it may go ahead: asked for each request, so it has microseconds."""
        ...

    def explain(self, attributes: Attributes) -> Decision:
        """Decide the same with the reason, for reviews and refusals."""
        ...


def is_master(user: Who) -> bool:
    """Whether this user may do everything."""
    return MASTERS in user.groups
