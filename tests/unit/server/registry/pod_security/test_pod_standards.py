"""The pod security standards, rule by rule, and how a namespace's labels choose among them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.core.pod import PodSpec
from edgeorch_server.registry.admission.pod_security.check import Subject
from edgeorch_server.registry.admission.pod_security.evaluation import details, evaluate
from edgeorch_server.registry.admission.pod_security.policy import LATEST, Level, Standard, policy_of

HARDENED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
ENFORCE = "pod-security.kubernetes.io/enforce"


def container(name: str = "a", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "web", **more}


def secured(name: str = "a", **context: Any) -> dict[str, Any]:
    """Make a container that meets every standard but for these settings."""
    return container(name, securityContext={**HARDENED, **context})


def subject(*containers: dict[str, Any], annotations: dict[str, str] | None = None, **spec: Any) -> Subject:
    return Subject(annotations or {}, PodSpec.model_validate({"containers": list(containers), **spec}))


def verdict(pod: Subject, level: Level, version: int = LATEST) -> str:
    return details(evaluate(pod, Standard(level, version)))


UNCONFINED = {"type": "Unconfined"}


@pytest.mark.parametrize(
    ("pod", "finding"),
    [
        pytest.param(subject(container()), "", id="a plain pod"),
        pytest.param(
            subject(container(), hostNetwork=True, hostIPC=True),
            "host namespaces (hostNetwork=true, hostIPC=true)",
            id="host namespaces",
        ),
        pytest.param(
            subject(container(ports=[{"containerPort": 80, "hostPort": 80}, {"containerPort": 81}])),
            'hostPort (container "a" uses hostPort 80)',
            id="a host port",
        ),
        pytest.param(
            subject(
                container("a", ports=[{"containerPort": 80, "hostPort": 80}]),
                container("b", ports=[{"containerPort": 81, "hostPort": 443}]),
            ),
            'hostPort (containers "a", "b" use hostPorts 443, 80)',
            id="host ports",
        ),
        pytest.param(
            subject(container(), initContainers=[container("i", securityContext={"privileged": True})]),
            'privileged (container "i" must not set securityContext.privileged=true)',
            id="a privileged init container",
        ),
        pytest.param(
            subject(container(securityContext={"procMount": "Unmasked"})),
            'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
            id="an unmasked /proc",
        ),
        pytest.param(
            subject(
                container(securityContext={"seLinuxOptions": {"type": "spc_t", "role": "r"}}),
                securityContext={"seLinuxOptions": {"user": "u"}},
            ),
            'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: '
            'type "spc_t"; user may not be set; role may not be set)',
            id="SELinux",
        ),
        pytest.param(
            subject(container(), securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
            "forbidden sysctls (kernel.msgmax)",
            id="sysctls",
        ),
        pytest.param(
            subject(container(), securityContext={"windowsOptions": {"hostProcess": True}}),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
            id="host process",
        ),
        pytest.param(
            subject(
                container(securityContext={"appArmorProfile": UNCONFINED}),
                annotations={"container.apparmor.security.beta.kubernetes.io/a": "unconfined"},
            ),
            'forbidden AppArmor profiles (container "a" and annotation must not set AppArmor profile type to '
            '"Unconfined", container.apparmor.security.beta.kubernetes.io/a="unconfined")',
            id="AppArmor",
        ),
        pytest.param(
            subject(
                container(securityContext={"capabilities": {"add": ["NET_ADMIN", "CHOWN", "BPF"]}}),
            ),
            'non-default capabilities (container "a" must not include "BPF", "NET_ADMIN" in '
            "securityContext.capabilities.add)",
            id="capabilities",
        ),
        pytest.param(
            subject(container(), volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
            'hostPath volumes (volume "v")',
            id="host paths",
        ),
        pytest.param(
            subject(container(), securityContext={"seccompProfile": UNCONFINED}),
            'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
            id="seccomp",
        ),
    ],
)
def test_baseline(pod: Subject, finding: str) -> None:
    """Pod Security Standards, "Baseline": each rule, in the words of Kubernetes."""
    assert verdict(pod, Level.BASELINE) == finding
    assert verdict(pod, Level.PRIVILEGED) == ""


@pytest.mark.parametrize(
    ("pod", "finding"),
    [
        pytest.param(subject(secured()), "", id="a hardened pod"),
        pytest.param(
            subject(container()),
            'allowPrivilegeEscalation != false (container "a" must set '
            "securityContext.allowPrivilegeEscalation=false), "
            'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), '
            'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), '
            'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to '
            '"RuntimeDefault" or "Localhost")',
            id="a plain pod",
        ),
        pytest.param(
            subject(
                container(
                    securityContext={"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
                ),
                securityContext={"runAsNonRoot": True, "seccompProfile": {"type": "Localhost"}},
            ),
            "",
            id="the pod speaks for its containers",
        ),
        pytest.param(
            subject(secured(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "CHOWN"]})),
            'unrestricted capabilities (container "a" must not include "CHOWN" in '
            "securityContext.capabilities.add)",
            id="a capability",
        ),
        pytest.param(
            subject(
                secured(),
                volumes=[
                    {"name": "h", "hostPath": {"path": "/"}},
                    {"name": "n", "nfs": {"server": "s", "path": "/"}},
                    {"name": "e", "emptyDir": {}},
                ],
            ),
            'restricted volume types (volumes "h", "n" use restricted volume types "hostPath", "nfs")',
            id="volumes",
        ),
        pytest.param(
            subject(secured(runAsNonRoot=False), secured("b", runAsUser=0)),
            'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false), '
            'runAsUser=0 (container "b" must not set runAsUser=0)',
            id="root",
        ),
        pytest.param(
            subject(secured(seccompProfile=UNCONFINED)),
            'seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
            id="seccomp",
        ),
        pytest.param(
            subject(secured(), hostPID=True), "host namespaces (hostPID=true)", id="the baseline holds too"
        ),
    ],
)
def test_restricted(pod: Subject, finding: str) -> None:
    """Pod Security Standards, "Restricted": each rule, in the words of Kubernetes."""
    assert verdict(pod, Level.RESTRICTED) == finding


@pytest.mark.parametrize(
    ("sysctl", "first"),
    [("net.ipv4.ip_local_reserved_ports", 27), ("net.ipv4.tcp_fin_timeout", 29), ("net.ipv4.tcp_rmem", 32)],
)
def test_a_version_is_kept(sysctl: str, first: int) -> None:
    """A namespace that names a version is held to what that version knew."""
    pod = subject(container(), securityContext={"sysctls": [{"name": sysctl, "value": "1"}]})
    assert verdict(pod, Level.BASELINE, first - 1) == f"forbidden sysctls ({sysctl})"
    assert verdict(pod, Level.BASELINE, first) == ""


def test_old_versions_asked_for_less() -> None:
    """Before 1.22 nobody had to drop capabilities, before 1.19 seccomp was no field."""
    pod = subject(container(securityContext={"allowPrivilegeEscalation": False, "runAsNonRoot": True}))
    assert verdict(pod, Level.RESTRICTED, 18) == ""
    assert verdict(pod, Level.RESTRICTED, 21).startswith("seccompProfile")


@given(st.sampled_from([8, 18, 19, 22, 23, 26, 30, 33, LATEST]), st.booleans(), st.booleans())
def test_who_meets_the_stricter_meets_the_laxer(version: int, host: bool, hardened: bool) -> None:
    """Each standard holds what the one before it holds."""
    pod = subject(secured() if hardened else container(), hostPID=host)
    if not verdict(pod, Level.RESTRICTED, version):
        assert not verdict(pod, Level.BASELINE, version)


@pytest.mark.parametrize(
    ("labels", "enforce", "warn", "audit"),
    [
        ({}, "privileged:latest", "privileged:latest", "privileged:latest"),
        ({ENFORCE: "baseline"}, "baseline:latest", "baseline:latest", "privileged:latest"),
        (
            {ENFORCE: "baseline", f"{ENFORCE}-version": "v1.30"},
            "baseline:v1.30",
            "baseline:v1.30",
            "privileged:latest",
        ),
        (
            {ENFORCE: "restricted", "pod-security.kubernetes.io/warn": "privileged"},
            "restricted:latest",
            "privileged:latest",
            "privileged:latest",
        ),
        (
            {ENFORCE: "baseline", "pod-security.kubernetes.io/warn-version": "v1.25"},
            "baseline:latest",
            "baseline:v1.25",
            "privileged:latest",
        ),
        (
            {"pod-security.kubernetes.io/audit": "restricted"},
            "privileged:latest",
            "privileged:latest",
            "restricted:latest",
        ),
    ],
    ids=["none", "enforce", "a version", "no warnings", "warnings of another version", "audit"],
)
def test_labels(labels: dict[str, str], enforce: str, warn: str, audit: str) -> None:
    """Without a word on warnings they follow what is enforced (Kubernetes 1.26)."""
    policy, errors = policy_of(labels)
    assert (str(policy.enforce), str(policy.warn), str(policy.audit)) == (enforce, warn, audit)
    assert errors == []


def test_labels_that_cannot_be_read() -> None:
    """They enforce the strictest standard, and are told one by one."""
    policy, errors = policy_of({ENFORCE: "strict", f"{ENFORCE}-version": "1.30"})
    assert str(policy.enforce) == "restricted:latest"
    assert [str(error) for error in errors] == [
        f'metadata.labels[{ENFORCE}]: Invalid value: "strict": must be one of privileged, baseline, restricted',
        f'metadata.labels[{ENFORCE}-version]: Invalid value: "1.30": must be "latest" or "v1.x"',
    ]
