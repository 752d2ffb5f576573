"""The roles and bindings every cluster begins with, as in Kubernetes (``rbac/bootstrappolicy``).

Left out are those of controllers and nodes: ours act in this process and over MQTT, and need no role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from edgeorch.api.meta import LabelSelector, ObjectMeta
from edgeorch.api.rbac.roles import (
    ANY,
    CLUSTER_ROLE,
    GROUP,
    GROUP_KIND,
    AggregationRule,
    ClusterRole,
    ClusterRoleBinding,
    PolicyRule,
    RoleRef,
    Subject,
)
from edgeorch_server.access.attributes import AUTHENTICATED, MASTERS, UNAUTHENTICATED

AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate"
"""Annotation: ``false`` keeps a default role or binding as somebody made it."""
DEFAULTS_LABEL = ("kubernetes.io/bootstrapping", "rbac-defaults")

SERVICE_ACCOUNTS_GROUP = "system:serviceaccounts"

_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "deletecollection", "patch", "update")
_READ_WRITE = (*_READ, *_WRITE)

_AUTHENTICATION = "authentication.k8s.io"
_AUTHORIZATION = "authorization.k8s.io"
_CERTIFICATES = "certificates.k8s.io"

_HEALTH = ("/livez", "/readyz", "/healthz")
_PUBLIC = (*_HEALTH, "/version", "/version/")
_DISCOVERY = (*_PUBLIC, "/openapi", "/openapi/*", "/api", "/api/*", "/apis", "/apis/*")
_METRICS = ("/metrics", "/metrics/slis", *_HEALTH, *(f"{path}/*" for path in _HEALTH))
_ISSUER = tuple(
    path + end for path in ("/.well-known/openid-configuration", "/openid/v1/jwks") for end in ("", "/")
)

_SCALABLE = ("deployments", "replicasets", "statefulsets")
_SIGNERS = ("kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving", "legacy-unknown")


def default_cluster_roles() -> Iterator[ClusterRole]:
    """Give the roles; those put together from others come without rules, in an order in which they can be."""
    yield _role("cluster-admin", (_rule(ANY, ANY, ANY), _paths(ANY, ANY)))
    yield _role("system:discovery", (_paths("get", *_DISCOVERY),))
    yield _role("system:public-info-viewer", (_paths("get", *_PUBLIC),))
    yield _role("system:monitoring", (_paths("get", *_METRICS),))
    yield _role("system:service-account-issuer-discovery", (_paths("get", *_ISSUER),))
    yield _role("system:basic-user", _BASIC_USER)
    yield _role("system:auth-delegator", _AUTH_DELEGATOR)
    yield from _certificate_roles()
    aggregate = "rbac.authorization.k8s.io/aggregate-to-"
    yield _role("system:aggregate-to-view", tuple(_view_rules()), {f"{aggregate}view": "true"})
    yield _role("system:aggregate-to-edit", tuple(_edit_rules()), {f"{aggregate}edit": "true"})
    yield _role("system:aggregate-to-admin", _ADMIN, {f"{aggregate}admin": "true"})
    metrics = {f"{aggregate}{to}": "true" for to in ("admin", "edit", "view")}
    yield _role(
        "system:aggregated-metrics-reader", (_rule(_READ, "metrics.k8s.io", ("pods", "nodes")),), metrics
    )
    yield _aggregated("view", {f"{aggregate}edit": "true"})
    yield _aggregated("edit", {f"{aggregate}admin": "true"})
    yield _aggregated("admin", {})


def default_cluster_role_bindings() -> Iterator[ClusterRoleBinding]:
    """Give the bindings."""
    yield _binding("cluster-admin", MASTERS)
    yield _binding("system:monitoring", "system:monitoring")
    yield _binding("system:discovery", AUTHENTICATED)
    yield _binding("system:basic-user", AUTHENTICATED)
    yield _binding("system:public-info-viewer", AUTHENTICATED, UNAUTHENTICATED)
    yield _binding("system:service-account-issuer-discovery", SERVICE_ACCOUNTS_GROUP)


def _words(one_or_more: str | Sequence[str]) -> list[str]:
    return [one_or_more] if isinstance(one_or_more, str) else list(one_or_more)


def _rule(
    verbs: str | Sequence[str],
    groups: str | Sequence[str],
    resources: str | Sequence[str],
    names: Sequence[str] = (),
) -> PolicyRule:
    return PolicyRule(
        verbs=_words(verbs),
        apiGroups=_words(groups),
        resources=_words(resources),
        resourceNames=list(names),
    )


def _paths(verb: str, *urls: str) -> PolicyRule:
    return PolicyRule(verbs=[verb], nonResourceURLs=list(urls))


def _meta(name: str, labels: Mapping[str, str] | None = None) -> ObjectMeta:
    label, value = DEFAULTS_LABEL
    return ObjectMeta(name=name, labels={label: value, **(labels or {})}, annotations={AUTO_UPDATE: "true"})


def _role(name: str, rules: Sequence[PolicyRule], labels: Mapping[str, str] | None = None) -> ClusterRole:
    return ClusterRole(metadata=_meta(name, labels), rules=list(rules))


def _aggregated(name: str, labels: Mapping[str, str]) -> ClusterRole:
    selector = LabelSelector(matchLabels={f"rbac.authorization.k8s.io/aggregate-to-{name}": "true"})
    return ClusterRole(
        metadata=_meta(name, labels), aggregationRule=AggregationRule(clusterRoleSelectors=[selector])
    )


def _binding(role: str, *groups: str) -> ClusterRoleBinding:
    return ClusterRoleBinding(
        metadata=_meta(role),
        subjects=[Subject(kind=GROUP_KIND, apiGroup=GROUP, name=group) for group in groups],
        roleRef=RoleRef(apiGroup=GROUP, kind=CLUSTER_ROLE, name=role),
    )


_BASIC_USER = (
    _rule("create", _AUTHORIZATION, ("selfsubjectaccessreviews", "selfsubjectrulesreviews")),
    _rule("create", _AUTHENTICATION, "selfsubjectreviews"),
)
_AUTH_DELEGATOR = (
    _rule("create", _AUTHENTICATION, "tokenreviews"),
    _rule("create", _AUTHORIZATION, "subjectaccessreviews"),
)
_ADMIN = (
    _rule("create", _AUTHORIZATION, "localsubjectaccessreviews"),
    _rule(_READ_WRITE, GROUP, ("roles", "rolebindings")),
)


def _certificate_roles() -> Iterator[ClusterRole]:
    for signer in _SIGNERS:
        rule = _rule("approve", _CERTIFICATES, "signers", (f"kubernetes.io/{signer}",))
        yield _role(f"system:certificates.k8s.io:{signer}-approver", (rule,))
    for which in ("nodeclient", "selfnodeclient"):
        rule = _rule("create", _CERTIFICATES, f"certificatesigningrequests/{which}")
        yield _role(f"system:certificates.k8s.io:certificatesigningrequests:{which}", (rule,))
    rule = _rule(("create", "get", "list", "watch"), _CERTIFICATES, "certificatesigningrequests")
    yield _role("system:node-bootstrapper", (rule,))


def _view_rules() -> Iterator[PolicyRule]:
    core = (
        *("configmaps", "endpoints", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods"),
        *("replicationcontrollers", "replicationcontrollers/scale", "serviceaccounts", "services"),
        "services/status",
    )
    facts = (
        *("bindings", "events", "limitranges", "namespaces/status", "pods/log", "pods/status"),
        *("replicationcontrollers/status", "resourcequotas", "resourcequotas/status"),
    )
    apps = ("controllerrevisions", "daemonsets", "daemonsets/status")
    scalable = (f"{kind}{part}" for kind in _SCALABLE for part in ("", "/scale", "/status"))
    old = (
        *("daemonsets", "daemonsets/status", "deployments", "deployments/scale", "deployments/status"),
        *("ingresses", "ingresses/status", "networkpolicies", "replicasets", "replicasets/scale"),
        *("replicasets/status", "replicationcontrollers/scale"),
    )
    yield _rule(_READ, "", core)
    yield _rule(_READ, "", facts)
    yield _rule(_READ, "", "namespaces")
    yield _rule(_READ, "discovery.k8s.io", "endpointslices")
    yield _rule(_READ, "apps", (*apps, *scalable))
    yield _rule(_READ, "autoscaling", ("horizontalpodautoscalers", "horizontalpodautoscalers/status"))
    yield _rule(_READ, "batch", ("cronjobs", "cronjobs/status", "jobs", "jobs/status"))
    yield _rule(_READ, "extensions", old)
    yield _rule(_READ, "policy", ("poddisruptionbudgets", "poddisruptionbudgets/status"))
    yield _rule(_READ, "networking.k8s.io", ("ingresses", "ingresses/status", "networkpolicies"))


def _edit_rules() -> Iterator[PolicyRule]:
    ways_in = ("pods/attach", "pods/exec", "pods/portforward", "pods/proxy")
    core = (
        *("configmaps", "events", "persistentvolumeclaims", "replicationcontrollers"),
        *("replicationcontrollers/scale", "secrets", "serviceaccounts", "services", "services/proxy"),
    )
    apps = ("daemonsets", "deployments/rollback")
    scalable = (f"{kind}{part}" for kind in _SCALABLE for part in ("", "/scale"))
    old = (
        *("daemonsets", "deployments", "deployments/rollback", "deployments/scale", "ingresses"),
        *("networkpolicies", "replicasets", "replicasets/scale", "replicationcontrollers/scale"),
    )
    yield _rule(_READ, "", (*ways_in, "secrets", "services/proxy"))
    yield _rule("impersonate", "", "serviceaccounts")
    yield _rule(_WRITE, "", ("pods", *ways_in))
    yield _rule("create", "", "pods/eviction")
    yield _rule(_WRITE, "", core)
    yield _rule("create", "", "serviceaccounts/token")
    yield _rule(_WRITE, "apps", (*apps, *scalable))
    yield _rule(_WRITE, "autoscaling", "horizontalpodautoscalers")
    yield _rule(_WRITE, "batch", ("cronjobs", "jobs"))
    yield _rule(_WRITE, "extensions", old)
    yield _rule(_WRITE, "policy", "poddisruptionbudgets")
    yield _rule(_WRITE, "networking.k8s.io", ("ingresses", "networkpolicies"))
    yield _rule(_READ_WRITE, "coordination.k8s.io", "leases")
