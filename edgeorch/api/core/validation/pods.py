"""Validation of new pods."""

from __future__ import annotations

from collections.abc import Sequence

from edgeorch.api.core.pod import HostAlias, Pod, PodDNSConfig, PodSpec
from edgeorch.api.core.validation.containers import validate_containers
from edgeorch.api.core.validation.scheduling import (
    validate_affinity,
    validate_spread,
    validate_tolerations,
)
from edgeorch.api.core.validation.security import validate_pod_security
from edgeorch.api.core.validation.volumes import validate_volumes
from edgeorch.api.label_rules import qualified_name_problems
from edgeorch.api.meta_validation import validate_enum, validate_labels, validate_meta
from edgeorch.api.names import (
    dns_label_problems,
    dns_search_problems,
    dns_subdomain_problems,
    ip_problems,
    range_rule,
)
from edgeorch.api.scheduling.priority_class import PREEMPTION_POLICIES
from edgeorch.api.validation import FieldError, Path, bad, duplicate, forbidden, required

SPEC = Path("spec")

RESTART_POLICIES = ("Always", "OnFailure", "Never")
DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")

_MAX_INT32 = 2**31 - 1
_MAX_NAMESERVERS = 3
_MAX_SEARCHES = 32
_MAX_SEARCH_CHARACTERS = 2048


def validate_pod(pod: Pod) -> list[FieldError]:
    """Check a new pod, defaulted before (``ValidatePodCreate``)."""
    errors = validate_meta(pod.metadata, namespaced=True) + validate_pod_spec(pod.spec, SPEC)
    if pod.spec.ephemeralContainers:
        errors.append(forbidden(SPEC.child("ephemeralContainers"), "cannot be set on create"))
    if pod.spec.schedulingGates and pod.spec.nodeName:
        why = "cannot be set until all schedulingGates have been cleared"
        errors.append(forbidden(SPEC.child("nodeName"), why))
    return errors


def validate_pod_spec(spec: PodSpec, path: Path) -> list[FieldError]:
    """Check the spec of a pod or of a controller's template (``ValidatePodSpec``)."""
    return [
        *validate_volumes(spec.volumes, path.child("volumes")),
        *validate_containers(spec, path),
        *validate_enum(spec.restartPolicy, path.child("restartPolicy"), RESTART_POLICIES),
        *validate_enum(spec.dnsPolicy, path.child("dnsPolicy"), DNS_POLICIES),
        *validate_labels(spec.nodeSelector, path.child("nodeSelector")),
        *validate_pod_security(spec, path),
        *validate_affinity(spec.affinity, path.child("affinity")),
        *_validate_dns(spec, path.child("dnsConfig")),
        *_validate_gates(spec, path),
        *validate_spread(spec.topologySpreadConstraints, path.child("topologySpreadConstraints")),
        *_validate_names(spec, path),
        *_validate_deadline(spec.activeDeadlineSeconds, path.child("activeDeadlineSeconds")),
        *validate_tolerations(spec.tolerations, path.child("tolerations")),
        *_validate_host_aliases(spec.hostAliases, path.child("hostAliases")),
        *_validate_words(spec, path),
    ]


def _validate_deadline(seconds: int | None, path: Path) -> list[FieldError]:
    if seconds is None or 1 <= seconds <= _MAX_INT32:
        return []
    return [bad(path, seconds, range_rule(1, _MAX_INT32))]


def _validate_names(spec: PodSpec, path: Path) -> list[FieldError]:
    rules = {
        "serviceAccountName": dns_subdomain_problems,
        "nodeName": dns_subdomain_problems,
        "hostname": dns_label_problems,
        "subdomain": dns_label_problems,
        "priorityClassName": dns_subdomain_problems,
        "runtimeClassName": dns_subdomain_problems,
    }
    errors: list[FieldError] = []
    for name, rule in rules.items():
        if text := getattr(spec, name):
            errors += [bad(path.child(name), text, p) for p in rule(text)]
    return errors


def _validate_words(spec: PodSpec, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if spec.preemptionPolicy is not None:
        where = path.child("preemptionPolicy")
        errors += validate_enum(spec.preemptionPolicy, where, PREEMPTION_POLICIES)
    if spec.os is not None:
        errors += validate_enum(spec.os.name, path.child("os", "name"), ("linux", "windows"))
    return errors


def _validate_gates(spec: PodSpec, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for number, gate in enumerate(spec.readinessGates):
        here = path.child("readinessGates").at(number).child("conditionType")
        errors += [bad(here, gate.conditionType, p) for p in qualified_name_problems(gate.conditionType)]
    seen: set[str] = set()
    for number, scheduling_gate in enumerate(spec.schedulingGates):
        name, here = scheduling_gate.name, path.child("schedulingGates").at(number)
        errors += [bad(here, name, p) for p in qualified_name_problems(name)]
        if name in seen:
            errors.append(duplicate(here, name))
        seen.add(name)
    return errors


def _validate_host_aliases(aliases: Sequence[HostAlias], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for number, alias in enumerate(aliases):
        here = path.at(number)
        errors += [bad(here.child("ip"), alias.ip, p) for p in ip_problems(alias.ip)]
        for place, hostname in enumerate(alias.hostnames):
            where = here.child("hostnames").at(place)
            errors += [bad(where, hostname, p) for p in dns_subdomain_problems(hostname)]
    return errors


def _validate_dns(spec: PodSpec, path: Path) -> list[FieldError]:
    config = spec.dnsConfig
    if spec.dnsPolicy == "None":
        if config is None:
            return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not config.nameservers:
            why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [required(path.child("nameservers"), why)]
    return [] if config is None else _validate_dns_config(config, path)


def _validate_dns_config(config: PodDNSConfig, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    servers, searches = path.child("nameservers"), path.child("searches")
    if len(config.nameservers) > _MAX_NAMESERVERS:
        why = f"must not have more than {_MAX_NAMESERVERS} nameservers"
        errors.append(bad(servers, config.nameservers, why))
    for number, server in enumerate(config.nameservers):
        errors += [bad(servers.at(number), server, p) for p in ip_problems(server)]
    if len(config.searches) > _MAX_SEARCHES:
        why = f"must not have more than {_MAX_SEARCHES} search paths"
        errors.append(bad(searches, config.searches, why))
    if len(" ".join(config.searches)) > _MAX_SEARCH_CHARACTERS:
        why = (
            f"must not have more than {_MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list"
        )
        errors.append(bad(searches, config.searches, why))
    for number, search in enumerate(config.searches):
        # "." alone is the root, which stops the search.
        if search != ".":
            domain = search.removesuffix(".")
            errors += [bad(searches.at(number), domain, p) for p in dns_search_problems(domain)]
    for number, option in enumerate(config.options):
        if not option.name:
            errors.append(required(path.child("options").at(number), "must not be empty"))
    return errors
