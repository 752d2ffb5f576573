"""Validation of affinity, tolerations, taints and spreading."""

from __future__ import annotations

from collections.abc import Sequence

from edgeorch.api.core.scheduling import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PodAffinity,
    PodAffinityTerm,
    PodAntiAffinity,
    Taint,
    Toleration,
    TopologySpreadConstraint,
)
from edgeorch.api.label_rules import label_value_problems, qualified_name_problems
from edgeorch.api.meta_validation import validate_enum, validate_label_selector
from edgeorch.api.names import dns_label_problems
from edgeorch.api.validation import (
    ErrorType,
    FieldError,
    Path,
    bad,
    duplicate,
    forbidden,
    not_supported,
    required,
)

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_MAX_WEIGHT = 100


def validate_label_key(key: str, path: Path) -> list[FieldError]:
    """Check a label key (``ValidateLabelName``)."""
    return [bad(path, key, p) for p in qualified_name_problems(key)]


def validate_tolerations(tolerations: Sequence[Toleration], path: Path) -> list[FieldError]:
    """Check tolerations (``ValidateTolerations``)."""
    errors: list[FieldError] = []
    for number, toleration in enumerate(tolerations):
        errors += _validate_toleration(toleration, path.at(number))
    return errors


def _validate_toleration(toleration: Toleration, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    operator = path.child("operator")
    if toleration.key:
        errors += validate_label_key(toleration.key, path.child("key"))
    elif toleration.operator != "Exists":
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        errors.append(bad(operator, toleration.operator, why))
    if toleration.tolerationSeconds is not None and toleration.effect != "NoExecute":
        why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        errors.append(bad(path.child("effect"), toleration.effect, why))
    match toleration.operator:
        case "" | "Equal":
            if problems := label_value_problems(toleration.value):
                errors.append(bad(operator, toleration.value, ";".join(problems)))
        case "Exists":
            if toleration.value:
                errors.append(bad(operator, toleration, "value must be empty when `operator` is 'Exists'"))
        case _:
            errors.append(not_supported(operator, toleration.operator, ("Equal", "Exists")))
    if toleration.effect:
        errors += validate_enum(toleration.effect, path.child("effect"), EFFECTS)
    return errors


def validate_taints(taints: Sequence[Taint], path: Path) -> list[FieldError]:
    """Check a node's taints (``validateNodeTaints``)."""
    errors: list[FieldError] = []
    seen: set[tuple[str, str]] = set()
    for number, taint in enumerate(taints):
        here = path.at(number)
        errors += validate_label_key(taint.key, here.child("key"))
        if problems := label_value_problems(taint.value):
            errors.append(bad(here.child("value"), taint.value, ";".join(problems)))
        errors += validate_enum(taint.effect, here.child("effect"), EFFECTS)
        if (taint.key, taint.effect) in seen:
            why = "taints must be unique by key and effect pair"
            errors.append(FieldError(ErrorType.DUPLICATE, here, taint, why))
        seen.add((taint.key, taint.effect))
    return errors


def validate_affinity(affinity: Affinity | None, path: Path) -> list[FieldError]:
    """Check a pod's affinity (``validateAffinity``)."""
    if affinity is None:
        return []
    errors: list[FieldError] = []
    if affinity.nodeAffinity is not None:
        errors += _validate_node_affinity(affinity.nodeAffinity, path.child("nodeAffinity"))
    if affinity.podAffinity is not None:
        errors += _validate_pod_affinity(affinity.podAffinity, path.child("podAffinity"))
    if affinity.podAntiAffinity is not None:
        errors += _validate_pod_affinity(affinity.podAntiAffinity, path.child("podAntiAffinity"))
    return errors


def _validate_node_affinity(affinity: NodeAffinity, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    selector = affinity.requiredDuringSchedulingIgnoredDuringExecution
    if selector is not None:
        errors += validate_node_selector(selector, path.child(_REQUIRED))
    for number, wish in enumerate(affinity.preferredDuringSchedulingIgnoredDuringExecution):
        here = path.child(_PREFERRED).at(number)
        errors += _validate_weight(wish.weight, here.child("weight"))
        errors += _validate_term(wish.preference, here.child("preference"))
    return errors


def validate_node_selector(selector: NodeSelector, path: Path) -> list[FieldError]:
    """Check which nodes are selected (``ValidateNodeSelector``)."""
    terms = path.child("nodeSelectorTerms")
    if not selector.nodeSelectorTerms:
        return [required(terms, "must have at least one node selector term")]
    return [e for i, term in enumerate(selector.nodeSelectorTerms) for e in _validate_term(term, terms.at(i))]


def _validate_term(term: NodeSelectorTerm, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for number, requirement in enumerate(term.matchExpressions):
        errors += _validate_expression(requirement, path.child("matchExpressions").at(number))
    for number, requirement in enumerate(term.matchFields):
        errors += _validate_field(requirement, path.child("matchFields").at(number))
    return errors


def _validate_expression(requirement: NodeSelectorRequirement, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    values = path.child("values")
    match requirement.operator:
        case "In" | "NotIn":
            if not requirement.values:
                errors.append(required(values, "must be specified when `operator` is 'In' or 'NotIn'"))
        case "Exists" | "DoesNotExist":
            if requirement.values:
                why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                errors.append(forbidden(values, why))
        case "Gt" | "Lt":
            if len(requirement.values) != 1:
                why = "must be specified single value when `operator` is 'Lt' or 'Gt'"
                errors.append(required(values, why))
        case _:
            errors.append(bad(path.child("operator"), requirement.operator, "not a valid selector operator"))
    return errors + validate_label_key(requirement.key, path.child("key"))


def _validate_field(requirement: NodeSelectorRequirement, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if requirement.operator not in {"In", "NotIn"}:
        errors.append(bad(path.child("operator"), requirement.operator, "not a valid selector operator"))
    elif len(requirement.values) != 1:
        why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(required(path.child("values"), why))
    if requirement.key != "metadata.name":
        errors.append(bad(path.child("key"), requirement.key, "not a valid field selector key"))
    return errors


def _validate_pod_affinity(affinity: PodAffinity | PodAntiAffinity, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for number, term in enumerate(affinity.requiredDuringSchedulingIgnoredDuringExecution):
        errors += _validate_pod_term(term, path.child(_REQUIRED).at(number))
    for number, wish in enumerate(affinity.preferredDuringSchedulingIgnoredDuringExecution):
        here = path.child(_PREFERRED).at(number)
        errors += _validate_weight(wish.weight, here.child("weight"))
        errors += _validate_pod_term(wish.podAffinityTerm, here.child("podAffinityTerm"))
    return errors


def _validate_pod_term(term: PodAffinityTerm, path: Path) -> list[FieldError]:
    errors = validate_label_selector(term.labelSelector, path.child("labelSelector"))
    errors += validate_label_selector(term.namespaceSelector, path.child("namespaceSelector"))
    for name in term.namespaces:
        errors += [bad(path.child("namespace"), name, p) for p in dns_label_problems(name)]
    return errors + _validate_topology_key(term.topologyKey, path.child("topologyKey"))


def _validate_topology_key(key: str, path: Path) -> list[FieldError]:
    return validate_label_key(key, path) if key else [required(path, "can not be empty")]


def _validate_weight(weight: int, path: Path) -> list[FieldError]:
    return [] if 1 <= weight <= _MAX_WEIGHT else [bad(path, weight, "must be in the range 1-100")]


def validate_spread(constraints: Sequence[TopologySpreadConstraint], path: Path) -> list[FieldError]:
    """Check topology spread constraints (``validateTopologySpreadConstraints``)."""
    errors: list[FieldError] = []
    seen: set[tuple[str, str]] = set()
    for number, constraint in enumerate(constraints):
        here = path.at(number)
        errors += _validate_constraint(constraint, here)
        pair = (constraint.topologyKey, constraint.whenUnsatisfiable)
        if pair in seen:
            errors.append(
                duplicate(here.child("{topologyKey, whenUnsatisfiable}"), f"{{{pair[0]}, {pair[1]}}}")
            )
        seen.add(pair)
    return errors


def _validate_constraint(constraint: TopologySpreadConstraint, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    when = ("DoNotSchedule", "ScheduleAnyway")
    if constraint.maxSkew <= 0:
        errors.append(bad(path.child("maxSkew"), constraint.maxSkew, "must be greater than zero"))
    errors += _validate_topology_key(constraint.topologyKey, path.child("topologyKey"))
    if constraint.whenUnsatisfiable not in when:
        errors.append(not_supported(path.child("whenUnsatisfiable"), constraint.whenUnsatisfiable, when))
    least = constraint.minDomains
    if least is not None and least <= 0:
        errors.append(bad(path.child("minDomains"), least, "must be greater than zero"))
    if least is not None and constraint.whenUnsatisfiable != "DoNotSchedule":
        why = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {constraint.whenUnsatisfiable}"
        errors.append(bad(path.child("minDomains"), least, why))
    for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        policy = getattr(constraint, name)
        if policy is not None and policy not in {"Honor", "Ignore"}:
            errors.append(not_supported(path.child(name), policy, ("Honor", "Ignore")))
    return errors + validate_label_selector(constraint.labelSelector, path.child("labelSelector"))
