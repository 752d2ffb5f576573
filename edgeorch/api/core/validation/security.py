"""Validation of security contexts."""

from __future__ import annotations

import re

from edgeorch.api.core.pod import PodSpec
from edgeorch.api.core.security import (
    AppArmorProfile,
    PodSecurityContext,
    SeccompProfile,
    SecurityContext,
    Sysctl,
)
from edgeorch.api.core.validation.volumes import validate_descending_path
from edgeorch.api.names import range_rule
from edgeorch.api.validation import FieldError, Path, bad, duplicate, not_supported, required

_MAX_ID = 2**31 - 1
_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_MAX_SYSCTL = 253
_SYSCTL_PART = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = rf"({_SYSCTL_PART}[\./])*{_SYSCTL_PART}"
_IS_SYSCTL = re.compile(_SYSCTL)


def validate_security_context(context: SecurityContext | None, path: Path) -> list[FieldError]:
    """Check a container's security context (``ValidateSecurityContext``)."""
    if context is None:
        return []
    errors = _validate_ids(context, path)
    errors += _validate_seccomp(context.seccompProfile, path.child("seccompProfile"))
    errors += _validate_apparmor(context.appArmorProfile, path.child("appArmorProfile"))
    if context.procMount is not None and context.procMount not in {"Default", "Unmasked"}:
        errors.append(not_supported(path.child("procMount"), context.procMount, ("Default", "Unmasked")))
    if context.allowPrivilegeEscalation is False:
        if context.privileged:
            why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            errors.append(bad(path, context, why))
        if context.capabilities is not None and "CAP_SYS_ADMIN" in context.capabilities.add:
            why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            errors.append(bad(path, context, why))
    return errors


def validate_pod_security(spec: PodSpec, path: Path) -> list[FieldError]:
    """Check a pod's security context and shared namespaces; ``path`` is that of the spec."""
    errors: list[FieldError] = []
    # Kubernetes reports this below securityContext, where its internal type has these fields.
    if spec.shareProcessNamespace and spec.hostPID:
        why = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(bad(path.child("shareProcessNamespace"), spec.shareProcessNamespace, why))
    context = spec.securityContext
    if context is None:
        return errors
    here = path.child("securityContext")
    errors += _validate_ids(context, here)
    errors += _validate_id(context.fsGroup, here.child("fsGroup"))
    for number, group in enumerate(context.supplementalGroups):
        errors += _validate_id(group, here.child("supplementalGroups").at(number))
    errors += _validate_seccomp(context.seccompProfile, here.child("seccompProfile"))
    errors += _validate_apparmor(context.appArmorProfile, here.child("appArmorProfile"))
    return errors + _validate_sysctls(context.sysctls, here.child("sysctls"))


def _validate_ids(context: SecurityContext | PodSecurityContext, path: Path) -> list[FieldError]:
    return [
        *_validate_id(context.runAsUser, path.child("runAsUser")),
        *_validate_id(context.runAsGroup, path.child("runAsGroup")),
    ]


def _validate_id(number: int | None, path: Path) -> list[FieldError]:
    return [] if number is None or 0 <= number <= _MAX_ID else [bad(path, number, range_rule(0, _MAX_ID))]


def _validate_seccomp(profile: SeccompProfile | None, path: Path) -> list[FieldError]:
    if profile is None:
        return []
    errors = _validate_profile(profile, path, "seccomp")
    if profile.type == "Localhost" and profile.localhostProfile:
        errors += validate_descending_path(profile.localhostProfile, path.child("localhostProfile"))
    return errors


def _validate_apparmor(profile: AppArmorProfile | None, path: Path) -> list[FieldError]:
    return [] if profile is None else _validate_profile(profile, path, "AppArmor")


def _validate_profile(profile: SeccompProfile | AppArmorProfile, path: Path, word: str) -> list[FieldError]:
    errors: list[FieldError] = []
    local = path.child("localhostProfile")
    if not profile.type:
        errors.append(required(path.child("type"), f"type is required when {path.rpartition('.')[2]} is set"))
    elif profile.type not in _PROFILES:
        errors.append(not_supported(path.child("type"), profile.type, _PROFILES))
    if profile.type == "Localhost":
        if not profile.localhostProfile:
            errors.append(required(local, f"must be set when {word} type is Localhost"))
    elif profile.localhostProfile is not None:
        why = f"can only be set when {word} type is Localhost"
        errors.append(bad(local, profile.localhostProfile, why))
    return errors


def _validate_sysctls(sysctls: list[Sysctl], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    for number, sysctl in enumerate(sysctls):
        here = path.at(number).child("name")
        if not sysctl.name:
            errors.append(required(here))
        elif len(sysctl.name) > _MAX_SYSCTL or not _IS_SYSCTL.fullmatch(sysctl.name):
            why = f"must have at most {_MAX_SYSCTL} characters and match regex ^{_SYSCTL}$"
            errors.append(bad(here, sysctl.name, why))
        elif sysctl.name in names:
            errors.append(duplicate(here, sysctl.name))
        names.add(sysctl.name)
    return errors
