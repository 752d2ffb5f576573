"""Which names of a definition are free: the decision, without the doing.

Follows ``status/naming_controller.go`` of apiextensions-apiserver: names belong to whoever got them first, and
are looked at within their group.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from edgeorch.api.apiextensions.definition import CustomResourceDefinition, CustomResourceDefinitionNames
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo


@dataclass(slots=True)
class Taken:
    """Names in use in a group."""

    resources: set[str] = field(default_factory=set)
    """Plural, singular and short names."""
    kinds: set[str] = field(default_factory=set)
    """Kinds and kinds of lists."""

    def add(self, names: CustomResourceDefinitionNames) -> None:
        """Add what a definition has got."""
        self.resources |= {names.plural, names.singular, *names.shortNames} - {""}
        self.kinds |= {names.kind, names.listKind} - {""}


@dataclass(frozen=True, slots=True)
class Holder:
    """A definition, as far as names are concerned."""

    name: str
    group: str
    accepted: CustomResourceDefinitionNames
    waits: bool
    """One of its names was refused."""


def taken_by(group: str, others: Iterable[Holder], built_in: Iterable[ResourceInfo[Object]]) -> Taken:
    """Give the names of a group that other definitions have got, and those of built-in kinds."""
    taken = Taken()
    for info in built_in:
        if info.group == group:
            taken.resources |= {info.plural, info.singular, *info.short_names}
            taken.kinds |= {info.kind, f"{info.kind}List"}
    for other in others:
        if other.group == group:
            taken.add(other.accepted)
    return taken


@dataclass(frozen=True, slots=True)
class Naming:
    """What a definition gets."""

    accepted: CustomResourceDefinitionNames
    """The names it may have; it keeps what it had where another is taken."""
    reason: str
    message: str

    @property
    def free(self) -> bool:
        """Whether all names are accepted."""
        return self.reason == "NoConflicts"


def name(definition: CustomResourceDefinition, taken: Taken) -> Naming:
    """Decide about the names of a definition (``calculateNamesAndConditions``)."""
    wanted, had = definition.spec.names, definition.status.acceptedNames
    accepted = wanted.model_copy(deep=True)
    problems: dict[str, list[str]] = {}

    def refuse(reason: str, text: str) -> None:
        problems.setdefault(reason, []).append(f"{_quoted(text)} is already in use")

    for attribute, reason, used in (
        ("plural", "PluralConflict", taken.resources),
        ("singular", "SingularConflict", taken.resources),
        ("kind", "KindConflict", taken.kinds),
        ("listKind", "ListKindConflict", taken.kinds),
    ):
        text = getattr(wanted, attribute)
        if text in used:
            refuse(reason, text)
            setattr(accepted, attribute, getattr(had, attribute))
    if clashing := [short for short in wanted.shortNames if short in taken.resources]:
        for short in clashing:
            refuse("ShortNamesConflict", short)
        accepted.shortNames = had.shortNames
    if not problems:
        return Naming(accepted, "NoConflicts", "no conflicts found")
    reason, *_ = problems
    return Naming(accepted, reason, ", ".join(text for texts in problems.values() for text in texts))


def _quoted(text: str) -> str:
    return f'"{text}"'
