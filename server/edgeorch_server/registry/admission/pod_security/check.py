"""What a rule is: a look at a pod that finds nothing, or why the pod may not be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import PodSpec
from edgeorch.api.core.security import PodSecurityContext, SecurityContext
from edgeorch_server.registry.messages import quote

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subject:
    """A pod, or what a template makes one of."""

    annotations: Mapping[str, str]
    spec: PodSpec

    def containers(self) -> Iterator[Container]:
        """Give containers of every sort, as Kubernetes visits them."""
        yield from self.spec.initContainers
        yield from self.spec.containers
        yield from self.spec.ephemeralContainers

    def named(self, wrong: Callable[[Container], object]) -> list[str]:
        """Give the names of the containers that are ``wrong``."""
        return [container.name for container in self.containers() if wrong(container)]


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a pod misses a standard."""

    reason: str
    detail: str

    def __str__(self) -> str:
        """Give both, as a refusal does."""
        return f"{self.reason} ({self.detail})"


Look = Callable[[Subject], Finding | None]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of a standard, and the versions of Kubernetes that have it."""

    look: Look
    since: int = 0
    """Minor version."""
    before: int | None = None
    """The first minor version without it."""

    def applies(self, version: int) -> bool:
        """Tell whether the standard of a version has this rule."""
        return self.since <= version and (self.before is None or version < self.before)


def quoted(names: Iterable[str]) -> str:
    """List names in quotes."""
    return ", ".join(map(quote, names))


def count(names: Collection[str], singular: str, plural: str = "") -> str:
    """Give the word for as many as there are."""
    return singular if len(names) == 1 else plural or f"{singular}s"


def containers(names: Collection[str]) -> str:
    """Say ``container "a"`` or ``containers "a", "b"``."""
    return f"{count(names, 'container')} {quoted(names)}"


@dataclass(frozen=True, slots=True)
class Settings:
    """One security setting of a pod and of its containers: who has set it to something wrong."""

    pod: bool
    names: list[str]
    """Of containers."""
    values: list[str]
    """What it was set to, in order and once each."""

    def __bool__(self) -> bool:
        """Tell whether anybody did."""
        return self.pod or bool(self.names)

    def __str__(self) -> str:
        """Say who: ``pod and container "a"``."""
        return " and ".join([*(["pod"] if self.pod else []), *([containers(self.names)] if self.names else [])])


def settings(
    subject: Subject,
    read: Callable[[PodSecurityContext | SecurityContext], T | None],
    wrong: Callable[[T], object],
) -> Settings:
    """Look at what :func:`read` finds in the security contexts, where it is set."""
    values: set[str] = set()

    def is_wrong(context: PodSecurityContext | SecurityContext | None) -> bool:
        value = None if context is None else read(context)
        if value is None or not wrong(value):
            return False
        values.add(str(value))
        return True

    pod = is_wrong(subject.spec.securityContext)
    names = subject.named(lambda container: is_wrong(container.securityContext))
    return Settings(pod, names, sorted(values))
