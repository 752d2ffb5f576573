"""The restricted standard: what is known to harden a container, on top of the baseline.

https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted; the words are those of
``pod-security-admission/policy``.
"""

from __future__ import annotations

from edgeorch.api.core.container import Container
from edgeorch.api.core.volume import Volume
from edgeorch_server.registry.admission.pod_security import baseline
from edgeorch_server.registry.admission.pod_security.check import (
    Check,
    Finding,
    Subject,
    containers,
    count,
    quoted,
    settings,
)

_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)


def privilege_escalation(subject: Subject) -> Finding | None:
    """Refuse processes that may get more privileges than their parent."""

    def may_gain(container: Container) -> bool:
        context = container.securityContext
        return context is None or context.allowPrivilegeEscalation is not False

    if not (names := subject.named(may_gain)):
        return None
    return Finding(
        "allowPrivilegeEscalation != false",
        f"{containers(names)} must set securityContext.allowPrivilegeEscalation=false",
    )


def capabilities(subject: Subject) -> Finding | None:
    """Refuse all capabilities but the one for low ports, and want them dropped."""

    def keeps(container: Container) -> bool:
        context = container.securityContext
        return not (context and context.capabilities and "ALL" in context.capabilities.drop)

    reason = "unrestricted capabilities"
    details = []
    if names := subject.named(keeps):
        details.append(f'{containers(names)} must set securityContext.capabilities.drop=["ALL"]')
    if added := baseline.added_capabilities(subject, frozenset({"NET_BIND_SERVICE"}), reason):
        details.append(added.detail)
    return Finding(reason, "; ".join(details)) if details else None


def volumes(subject: Subject) -> Finding | None:
    """Refuse volumes that a pod neither brings along nor claims."""
    wrong = {volume.name: kind for volume in subject.spec.volumes if (kind := _kind(volume)) not in _VOLUMES}
    if not wrong:
        return None
    names, kinds = list(wrong), sorted(set(wrong.values()))
    uses = count(names, "uses", "use")
    kind = count(kinds, "restricted volume type")
    return Finding(
        "restricted volume types", f"{count(names, 'volume')} {quoted(names)} {uses} {kind} {quoted(kinds)}"
    )


def _kind(volume: Volume) -> str:
    return next((name for name in volume.to_dict() if name != "name"), "unknown")


def non_root(subject: Subject) -> Finding | None:
    """Refuse containers that might run as root."""
    reason = "runAsNonRoot != true"
    wrong = settings(subject, lambda context: context.runAsNonRoot, lambda non_root: not non_root)
    if wrong:
        return Finding(reason, f"{wrong} must not set securityContext.runAsNonRoot=false")
    context = subject.spec.securityContext
    if context and context.runAsNonRoot:
        return None
    silent = subject.named(lambda one: one.securityContext is None or one.securityContext.runAsNonRoot is None)
    if not silent:
        return None
    return Finding(reason, f"pod or {containers(silent)} must set securityContext.runAsNonRoot=true")


def root_user(subject: Subject) -> Finding | None:
    """Refuse the UID 0."""
    wrong = settings(subject, lambda context: context.runAsUser, lambda uid: uid == 0)
    return Finding("runAsUser=0", f"{wrong} must not set runAsUser=0") if wrong else None


def seccomp(subject: Subject) -> Finding | None:
    """Refuse containers of which nobody says how their system calls are filtered."""
    if wrong := baseline.seccomp(subject):
        return wrong
    context = subject.spec.securityContext
    if context and context.seccompProfile:
        return None
    silent = subject.named(
        lambda one: one.securityContext is None or one.securityContext.seccompProfile is None
    )
    if not silent:
        return None
    return Finding(
        "seccompProfile",
        f"pod or {containers(silent)} must set securityContext.seccompProfile.type to "
        '"RuntimeDefault" or "Localhost"',
    )


CHECKS = (
    Check(privilege_escalation, since=8),
    Check(capabilities, since=22),
    Check(volumes),
    Check(non_root),
    Check(root_user, since=23),
    Check(seccomp, since=19),
)
"""In the order in which their findings are told."""
