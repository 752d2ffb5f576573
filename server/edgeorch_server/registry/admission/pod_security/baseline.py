"""The baseline standard: nothing that is known to get a container out of its box.

https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline; the words are those of
``pod-security-admission/policy``. Rules that only old annotations could break are left out where a field has
replaced the annotation.
"""

from __future__ import annotations

from edgeorch.api.core.container import Container
from edgeorch.api.core.security import PodSecurityContext, SecurityContext, SELinuxOptions
from edgeorch_server.registry.admission.pod_security.check import (
    Check,
    Finding,
    Look,
    Subject,
    containers,
    count,
    quoted,
    settings,
)

_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_syncookies",
    }
)
_SYSCTLS_27 = _SYSCTLS | {"net.ipv4.ip_local_reserved_ports"}
_SYSCTLS_29 = _SYSCTLS_27 | {
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}
_SYSCTLS_32 = _SYSCTLS_29 | {"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}
_SELINUX = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
_SELINUX_31 = _SELINUX | {"container_engine_t"}


def app_armor(subject: Subject) -> Finding | None:
    """Refuse AppArmor profiles that are neither the runtime's own nor one of the node's."""
    wrong = settings(
        subject,
        lambda context: context.appArmorProfile and context.appArmorProfile.type,
        lambda kind: kind not in {"RuntimeDefault", "Localhost"},
    )
    notes = sorted(
        f"{key}={quoted([value])}"
        for key, value in subject.annotations.items()
        if key.startswith(_APPARMOR)
        and value not in {"", "runtime/default"}
        and not value.startswith("localhost/")
    )
    if not wrong and not notes:
        return None
    who = [*([str(wrong)] if wrong else []), *([count(notes, "annotation")] if notes else [])]
    values = [*(quoted([value]) for value in wrong.values), *notes]
    return Finding(
        count(values, "forbidden AppArmor profile"),
        f"{' and '.join(who)} must not set AppArmor profile type to {', '.join(sorted(values))}",
    )


def capabilities(subject: Subject) -> Finding | None:
    """Refuse capabilities beyond those that runtimes give anyway."""
    return added_capabilities(subject, _CAPABILITIES, "non-default capabilities")


def added_capabilities(subject: Subject, allowed: frozenset[str], reason: str) -> Finding | None:
    """Refuse capabilities other than these."""

    def more(container: Container) -> set[str]:
        context = container.securityContext
        return set(context.capabilities.add) - allowed if context and context.capabilities else set()

    if not (names := subject.named(more)):
        return None
    found = sorted(set().union(*map(more, subject.containers())))
    return Finding(
        reason, f"{containers(names)} must not include {quoted(found)} in securityContext.capabilities.add"
    )


def host_namespaces(subject: Subject) -> Finding | None:
    """Refuse namespaces that are the node's."""
    spec = subject.spec
    shared = {"hostNetwork": spec.hostNetwork, "hostPID": spec.hostPID, "hostIPC": spec.hostIPC}
    found = [f"{name}=true" for name, is_shared in shared.items() if is_shared]
    return Finding("host namespaces", ", ".join(found)) if found else None


def host_paths(subject: Subject) -> Finding | None:
    """Refuse files of the node."""
    names = [volume.name for volume in subject.spec.volumes if volume.hostPath]
    return Finding("hostPath volumes", f"{count(names, 'volume')} {quoted(names)}") if names else None


def host_ports(subject: Subject) -> Finding | None:
    """Refuse ports of the node."""

    def taken(container: Container) -> list[int]:
        return [port.hostPort for port in container.ports if port.hostPort]

    if not (names := subject.named(taken)):
        return None
    ports = sorted({str(port) for container in subject.containers() for port in taken(container)})
    uses = count(names, "uses", "use")
    return Finding("hostPort", f"{containers(names)} {uses} {count(ports, 'hostPort')} {', '.join(ports)}")


def privileged(subject: Subject) -> Finding | None:
    """Refuse containers that are as powerful as the node."""
    names = subject.named(lambda container: container.securityContext and container.securityContext.privileged)
    if not names:
        return None
    return Finding("privileged", f"{containers(names)} must not set securityContext.privileged=true")


def proc_mount(subject: Subject) -> Finding | None:
    """Refuse a /proc without its masks."""
    wrong = settings(
        subject,
        lambda context: context.procMount if isinstance(context, SecurityContext) else None,
        lambda mount: mount != "Default",
    )
    if not wrong:
        return None
    return Finding("procMount", f"{wrong} must not set securityContext.procMount to {quoted(wrong.values)}")


def se_linux(allowed: frozenset[str]) -> Look:
    """Refuse other SELinux types, and all users and roles."""

    def look(subject: Subject) -> Finding | None:
        seen: list[SELinuxOptions] = []

        def is_wrong(options: SELinuxOptions) -> bool:
            wrong = options.type not in allowed or bool(options.user or options.role)
            if wrong:
                seen.append(options)
            return wrong

        wrong = settings(subject, lambda context: context.seLinuxOptions, is_wrong)
        if not wrong:
            return None
        types = sorted({options.type for options in seen if options.type not in allowed})
        said = [
            *([f"{count(types, 'type')} {quoted(types)}"] if types else []),
            *(["user may not be set"] if any(options.user for options in seen) else []),
            *(["role may not be set"] if any(options.role for options in seen) else []),
        ]
        return Finding(
            "seLinuxOptions", f"{wrong} set forbidden securityContext.seLinuxOptions: {'; '.join(said)}"
        )

    return look


def seccomp(subject: Subject) -> Finding | None:
    """Refuse to switch the filter for system calls off."""
    wrong = settings(subject, seccomp_type, lambda kind: kind not in {"RuntimeDefault", "Localhost"})
    if not wrong:
        return None
    return Finding(
        "seccompProfile",
        f"{wrong} must not set securityContext.seccompProfile.type to {quoted(wrong.values)}",
    )


def seccomp_type(context: PodSecurityContext | SecurityContext) -> str | None:
    """Read how system calls are filtered."""
    return context.seccompProfile.type if context.seccompProfile else None


def sysctls(allowed: frozenset[str]) -> Look:
    """Refuse kernel parameters that a pod does not have for itself."""

    def look(subject: Subject) -> Finding | None:
        context = subject.spec.securityContext
        names = [one.name for one in context.sysctls if one.name not in allowed] if context else []
        return Finding("forbidden sysctls", ", ".join(names)) if names else None

    return look


def windows_host_process(subject: Subject) -> Finding | None:
    """Refuse host process containers, for completeness: no node of ours has them."""
    wrong = settings(
        subject, lambda context: context.windowsOptions and context.windowsOptions.hostProcess, lambda it: it
    )
    if not wrong:
        return None
    return Finding("hostProcess", f"{wrong} must not set securityContext.windowsOptions.hostProcess=true")


CHECKS = (
    Check(app_armor),
    Check(host_namespaces),
    Check(host_ports),
    Check(privileged),
    Check(proc_mount),
    Check(se_linux(_SELINUX), before=31),
    Check(se_linux(_SELINUX_31), since=31),
    Check(sysctls(_SYSCTLS), before=27),
    Check(sysctls(_SYSCTLS_27), since=27, before=29),
    Check(sysctls(_SYSCTLS_29), since=29, before=32),
    Check(sysctls(_SYSCTLS_32), since=32),
    Check(windows_host_process),
)
"""In the order in which their findings are told."""
LOOSE_CHECKS = (Check(capabilities), Check(host_paths), Check(seccomp, since=19))
"""The restricted standard has stricter ones in their place."""
