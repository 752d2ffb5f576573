"""Validation of roles and bindings, as in Kubernetes' ``pkg/apis/rbac/validation``."""

from __future__ import annotations

from collections.abc import Sequence

from edgeorch.api.meta_validation import validate_label_selector, validate_meta, validate_meta_update
from edgeorch.api.names import dns_subdomain_problems, path_segment_problems
from edgeorch.api.rbac.roles import (
    CLUSTER_ROLE,
    GROUP,
    GROUP_KIND,
    ROLE,
    SERVICE_ACCOUNT,
    USER,
    ClusterRole,
    ClusterRoleBinding,
    PolicyRule,
    Role,
    RoleBinding,
    RoleRef,
    Subject,
)
from edgeorch.api.validation import FieldError, Path, bad, not_supported, required

_RULES = Path("rules")
_ROLE_REF = Path("roleRef")
_SUBJECTS = Path("subjects")
_SELECTORS = Path("aggregationRule").child("clusterRoleSelectors")

NAME_RULE = path_segment_problems
"""Roles and bindings may have any name that fits into a path (``ValidateRBACName``)."""


def validate_role(role: Role) -> list[FieldError]:
    """Check a new role (``ValidateRole``)."""
    meta = validate_meta(role.metadata, namespaced=True, name_rule=NAME_RULE)
    return meta + _validate_rules(role.rules, namespaced=True)


def validate_role_update(new: Role, old: Role) -> list[FieldError]:
    """Check a changed role."""
    return validate_role(new) + validate_meta_update(new.metadata, old.metadata)


def validate_cluster_role(role: ClusterRole) -> list[FieldError]:
    """Check a new ClusterRole (``ValidateClusterRole``)."""
    errors = validate_meta(role.metadata, namespaced=False, name_rule=NAME_RULE)
    errors += _validate_rules(role.rules, namespaced=False)
    if role.aggregationRule is None:
        return errors
    selectors = role.aggregationRule.clusterRoleSelectors
    if not selectors:
        why = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        errors.append(required(_SELECTORS, why))
    for number, selector in enumerate(selectors):
        errors += validate_label_selector(selector, _SELECTORS.at(number))
    return errors


def validate_cluster_role_update(new: ClusterRole, old: ClusterRole) -> list[FieldError]:
    """Check a changed ClusterRole."""
    return validate_cluster_role(new) + validate_meta_update(new.metadata, old.metadata)


def _validate_rules(rules: Sequence[PolicyRule], *, namespaced: bool) -> list[FieldError]:
    return [
        error
        for number, rule in enumerate(rules)
        for error in _validate_rule(rule, _RULES.at(number), namespaced=namespaced)
    ]


def _validate_rule(rule: PolicyRule, path: Path, *, namespaced: bool) -> list[FieldError]:
    """Check one rule (``ValidatePolicyRule``)."""
    errors: list[FieldError] = []
    if not rule.verbs:
        errors.append(required(path.child("verbs"), "verbs must contain at least one value"))
    if rule.nonResourceURLs:
        urls = path.child("nonResourceURLs")
        if namespaced:
            why = "namespaced rules cannot apply to non-resource URLs"
            errors.append(bad(urls, rule.nonResourceURLs, why))
        if rule.apiGroups or rule.resources or rule.resourceNames:
            why = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(bad(urls, rule.nonResourceURLs, why))
        return errors
    if not rule.apiGroups:
        errors.append(required(path.child("apiGroups"), "resource rules must supply at least one api group"))
    if not rule.resources:
        errors.append(required(path.child("resources"), "resource rules must supply at least one resource"))
    return errors


def validate_role_binding(binding: RoleBinding) -> list[FieldError]:
    """Check a new RoleBinding (``ValidateRoleBinding``)."""
    errors = validate_meta(binding.metadata, namespaced=True, name_rule=NAME_RULE)
    errors += _validate_role_ref(binding.roleRef, (ROLE, CLUSTER_ROLE))
    return errors + _validate_subjects(binding.subjects, namespaced=True)


def validate_role_binding_update(new: RoleBinding, old: RoleBinding) -> list[FieldError]:
    """Check a changed RoleBinding: who gets the role may change, the role may not."""
    errors = validate_role_binding(new) + validate_meta_update(new.metadata, old.metadata)
    return errors + _same_role(new.roleRef, old.roleRef)


def validate_cluster_role_binding(binding: ClusterRoleBinding) -> list[FieldError]:
    """Check a new ClusterRoleBinding (``ValidateClusterRoleBinding``)."""
    errors = validate_meta(binding.metadata, namespaced=False, name_rule=NAME_RULE)
    errors += _validate_role_ref(binding.roleRef, (CLUSTER_ROLE,))
    return errors + _validate_subjects(binding.subjects, namespaced=False)


def validate_cluster_role_binding_update(new: ClusterRoleBinding, old: ClusterRoleBinding) -> list[FieldError]:
    """Check a changed ClusterRoleBinding."""
    errors = validate_cluster_role_binding(new) + validate_meta_update(new.metadata, old.metadata)
    return errors + _same_role(new.roleRef, old.roleRef)


def _same_role(new: RoleRef, old: RoleRef) -> list[FieldError]:
    return [] if new == old else [bad(_ROLE_REF, new, "cannot change roleRef")]


def _validate_role_ref(ref: RoleRef, kinds: tuple[str, ...]) -> list[FieldError]:
    errors: list[FieldError] = []
    if ref.apiGroup != GROUP:
        errors.append(not_supported(_ROLE_REF.child("apiGroup"), ref.apiGroup, (GROUP,)))
    if ref.kind not in kinds:
        errors.append(not_supported(_ROLE_REF.child("kind"), ref.kind, kinds))
    path = _ROLE_REF.child("name")
    if not ref.name:
        return [*errors, required(path)]
    return errors + [bad(path, ref.name, problem) for problem in NAME_RULE(ref.name)]


def _validate_subjects(subjects: Sequence[Subject], *, namespaced: bool) -> list[FieldError]:
    return [
        error
        for number, subject in enumerate(subjects)
        for error in _validate_subject(subject, _SUBJECTS.at(number), namespaced=namespaced)
    ]


def _validate_subject(subject: Subject, path: Path, *, namespaced: bool) -> list[FieldError]:
    """Check whom a binding is about (``ValidateRoleBindingSubject``)."""
    errors = [] if subject.name else [required(path.child("name"))]
    if subject.kind == SERVICE_ACCOUNT:
        if subject.name:
            problems = dns_subdomain_problems(subject.name)
            errors += [bad(path.child("name"), subject.name, problem) for problem in problems]
        if subject.apiGroup:
            errors.append(not_supported(path.child("apiGroup"), subject.apiGroup, ("",)))
        if not namespaced and not subject.namespace:
            errors.append(required(path.child("namespace")))
    elif subject.kind in {USER, GROUP_KIND}:
        if subject.apiGroup != GROUP:
            errors.append(not_supported(path.child("apiGroup"), subject.apiGroup, (GROUP,)))
    else:
        kinds = (SERVICE_ACCOUNT, USER, GROUP_KIND)
        errors.append(not_supported(path.child("kind"), subject.kind, kinds))
    return errors
