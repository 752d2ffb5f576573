"""All roles and bindings of the cluster, indexed by whom they are about.

A change of one role or binding costs that one; what follows from it for a user is worked out when that user
asks next, and then kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
from edgeorch_server.access import rules as rbac
from edgeorch_server.access.attributes import Attributes, Decision, Who, is_master
from edgeorch_server.access.rights import Rights

MAX_KEPT = 4096
"""Users and namespaces whose rights are kept compiled; when there are more, all are forgotten."""

_SubjectKey = tuple[str, str]
_RoleKey = tuple[str, str, str]
"""Kind, namespace and name."""


@dataclass(frozen=True, slots=True)
class _Binding:
    """A binding as it is kept: the namespace is empty for a ClusterRoleBinding."""

    namespace: str
    name: str
    role: RoleRef
    subjects: tuple[Subject, ...]

    @property
    def role_key(self) -> _RoleKey:
        return (self.role.kind, self.namespace if self.role.kind == ROLE else "", self.role.name)

    def subject_for(self, who: Who) -> Subject | None:
        """Find the subject that is this user or one of their groups."""
        keys = _keys_of(who)
        return next((one for one in self.subjects if _subject_key(one, self.namespace) in keys), None)

    def describe(self, who: Who) -> str:
        """Say it as in the reason of an allowed review."""
        kind = "RoleBinding" if self.namespace else "ClusterRoleBinding"
        name = f"{self.name}/{self.namespace}" if self.namespace else self.name
        subject = self.subject_for(who)
        told = _described(subject, self.namespace) if subject else ""
        return f"{kind} {_q(name)} of {self.role.kind} {_q(self.role.name)} to {told}"


class Policy:
    """Answers what a user may do; knows nothing of ``system:masters``, who need no role."""

    def __init__(self) -> None:
        self._rules: dict[_RoleKey, tuple[PolicyRule, ...]] = {}
        self._bindings: dict[str, dict[str, _Binding]] = {}
        self._by_subject: dict[str, dict[_SubjectKey, set[str]]] = {}
        self._rights: dict[tuple[str, tuple[str, ...], str], Rights] = {}

    # what there is

    def put(self, obj: Role | ClusterRole | RoleBinding | ClusterRoleBinding) -> None:
        """Take note of a new or changed role or binding."""
        meta = obj.metadata
        if isinstance(obj, Role | ClusterRole):
            kind = ROLE if isinstance(obj, Role) else CLUSTER_ROLE
            self._rules[kind, meta.namespace, meta.name] = tuple(obj.rules)
        else:
            self._unbind(meta.namespace, meta.name)
            self._bind(_Binding(meta.namespace, meta.name, obj.roleRef, tuple(obj.subjects)))
        self._rights.clear()

    def drop(self, obj: Role | ClusterRole | RoleBinding | ClusterRoleBinding) -> None:
        """Forget a role or binding."""
        meta = obj.metadata
        if isinstance(obj, Role | ClusterRole):
            kind = ROLE if isinstance(obj, Role) else CLUSTER_ROLE
            self._rules.pop((kind, meta.namespace, meta.name), None)
        else:
            self._unbind(meta.namespace, meta.name)
        self._rights.clear()

    def _bind(self, binding: _Binding) -> None:
        self._bindings.setdefault(binding.namespace, {})[binding.name] = binding
        subjects = self._by_subject.setdefault(binding.namespace, {})
        for subject in binding.subjects:
            subjects.setdefault(_subject_key(subject, binding.namespace), set()).add(binding.name)

    def _unbind(self, namespace: str, name: str) -> None:
        bindings = self._bindings.get(namespace, {})
        if (old := bindings.pop(name, None)) is None:
            return
        subjects = self._by_subject[namespace]
        for key in {_subject_key(subject, namespace) for subject in old.subjects}:
            subjects[key].discard(name)
            if not subjects[key]:
                del subjects[key]
        if not bindings:
            del self._bindings[namespace], self._by_subject[namespace]

    # what follows

    def allows(self, asked: Attributes) -> bool:
        """Say whether any binding of the user gives a role that allows it."""
        user, namespace = asked.user, "" if asked.path else asked.namespace
        key = (user.name, user.groups, namespace)
        rights = self._rights.get(key)
        if rights is None:
            rights = Rights(self.rules_for(user, namespace))
            if len(self._rights) >= MAX_KEPT:
                self._rights.clear()
            self._rights[key] = rights
        return rights.allow(asked)

    def explain(self, asked: Attributes) -> Decision:
        """Decide the same slowly, and name the binding, or the roles that bindings look for in vain."""
        lost: list[str] = []
        for binding in self._of(asked.user, "" if asked.path else asked.namespace):
            rules = self._rules.get(binding.role_key)
            if rules is None:
                lost.append(_not_found(binding.role))
            elif any(rbac.allows(rule, asked) for rule in rules):
                return Decision(allowed=True, reason=f"RBAC: allowed by {binding.describe(asked.user)}")
        return Decision(allowed=False, reason=f"RBAC: {_aggregate(lost)}" if lost else "")

    def rules_for(self, user: Who, namespace: str) -> list[PolicyRule]:
        """Give every rule a user has: in the whole cluster, and in this namespace unless it is empty."""
        return [rule for binding in self._of(user, namespace) for rule in self._rules.get(binding.role_key, ())]

    def lost_roles(self, user: Who, namespace: str) -> str:
        """Name the roles that are bound to a user and do not exist; empty when there are none."""
        lost = [_not_found(one.role) for one in self._of(user, namespace) if one.role_key not in self._rules]
        return _aggregate(lost) if lost else ""

    def role_rules(self, ref: RoleRef, namespace: str) -> tuple[PolicyRule, ...] | None:
        """Give the rules of the role a binding in this namespace refers to; None if there is no such role."""
        return self._rules.get((ref.kind, namespace if ref.kind == ROLE else "", ref.name))

    def _of(self, user: Who, namespace: str) -> Iterator[_Binding]:
        keys = _keys_of(user)
        for scope in ("", namespace) if namespace else ("",):
            subjects = self._by_subject.get(scope)
            if subjects:
                names = {name for key in keys if key in subjects for name in subjects[key]}
                yield from (self._bindings[scope][name] for name in sorted(names))


def is_allowed(policy: Policy, asked: Attributes) -> bool:
    """Decide with the way back in: ``system:masters`` may do everything."""
    return is_master(asked.user) or policy.allows(asked)


def service_account_user(namespace: str, name: str) -> str:
    """Give the user that a ServiceAccount is."""
    return f"system:serviceaccount:{namespace}:{name}"


def _keys_of(user: Who) -> set[_SubjectKey]:
    return {(USER, user.name), *((GROUP_KIND, group) for group in user.groups)}


def _subject_key(subject: Subject, namespace: str) -> _SubjectKey:
    """Key a subject by the user or group it is; a ServiceAccount is a user, by default of the namespace."""
    if subject.kind == SERVICE_ACCOUNT:
        return (USER, service_account_user(subject.namespace or namespace, subject.name))
    return (subject.kind, subject.name)


def _described(subject: Subject, namespace: str) -> str:
    name = subject.name
    if subject.kind == SERVICE_ACCOUNT:
        name = f"{name}/{subject.namespace or namespace}"
    return f"{subject.kind} {_q(name)}"


def _not_found(role: RoleRef) -> str:
    return f"{role.kind.lower()}.{GROUP} {_q(role.name)} not found"


def _aggregate(problems: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(problems))
    return distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]"


def _q(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
