"""Defaults of the core kinds.

All functions fill in what is missing, in place, and are idempotent.
"""

from __future__ import annotations

import base64

from edgeorch.api.core.config import Secret
from edgeorch.api.core.limit_range import CONTAINER, LimitRange
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.node import Node
from edgeorch.api.core.persistent_volume_claim import PENDING, PersistentVolumeClaim
from edgeorch.api.core.pod_defaults import default_pod, default_pod_template
from edgeorch.api.core.references import TypedLocalObjectReference, TypedObjectReference
from edgeorch.api.core.replication_controller import ReplicationController

__all__ = [
    "NAMESPACE_FINALIZER",
    "NAMESPACE_LABEL",
    "default_claim",
    "default_limit_range",
    "default_namespace",
    "default_node",
    "default_pod",
    "default_pod_template",
    "default_replication_controller",
    "default_secret",
    "merge_string_data",
    "normalize_data_sources",
    "prepare_namespace",
]

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""Label with which every namespace can be selected by name."""

NAMESPACE_FINALIZER = "kubernetes"
"""Stands in ``spec.finalizers`` until the namespace has been emptied."""


def default_node(node: Node) -> None:
    """Let pods have all of a node that does not say what they may have."""
    if not node.status.allocatable:
        node.status.allocatable = dict(node.status.capacity)


def default_namespace(namespace: Namespace) -> None:
    """Label a namespace with its name and let it be active."""
    if namespace.metadata.name:
        namespace.metadata.labels[NAMESPACE_LABEL] = namespace.metadata.name
    namespace.status.phase = namespace.status.phase or "Active"


def prepare_namespace(namespace: Namespace) -> None:
    """Make a namespace ready to be created: active, and not to be gone before it has been emptied."""
    namespace.status.phase = "Active"
    if NAMESPACE_FINALIZER not in namespace.spec.finalizers:
        namespace.spec.finalizers.append(NAMESPACE_FINALIZER)


def default_replication_controller(controller: ReplicationController) -> None:
    """Want one pod; selector and labels are those of the template unless they are given."""
    spec = controller.spec
    if spec.replicas is None:
        spec.replicas = 1
    if spec.template is not None:
        labels = spec.template.metadata.labels
        spec.selector = spec.selector or dict(labels)
        controller.metadata.labels = controller.metadata.labels or dict(labels)
        default_pod_template(spec.template)


def default_claim(claim: PersistentVolumeClaim) -> None:
    """Want a file system, and be pending (``SetDefaults_PersistentVolumeClaim``)."""
    claim.status.phase = claim.status.phase or PENDING
    if claim.spec.volumeMode is None:
        claim.spec.volumeMode = "Filesystem"


def normalize_data_sources(claim: PersistentVolumeClaim) -> None:
    """Let the old field and the new one for the same thing say the same (``NormalizeDataSources``)."""
    spec = claim.spec
    source, reference = spec.dataSource, spec.dataSourceRef
    if source is not None and reference is None:
        spec.dataSourceRef = TypedObjectReference(apiGroup=source.apiGroup, kind=source.kind, name=source.name)
    elif reference is not None and source is None and not reference.namespace:
        spec.dataSource = TypedLocalObjectReference(
            apiGroup=reference.apiGroup, kind=reference.kind, name=reference.name
        )


def default_secret(secret: Secret) -> None:
    """Fill in the type."""
    secret.type = secret.type or "Opaque"


def merge_string_data(secret: Secret) -> None:
    """Move ``stringData`` into ``data``, where its keys win; it is never stored."""
    for key, text in secret.stringData.items():
        secret.data[key] = base64.b64encode(text.encode()).decode()
    secret.stringData = {}


def default_limit_range(limits: LimitRange) -> None:
    """Derive what a container gets from its bounds (``SetDefaults_LimitRangeItem``).

    The limit is the max unless said otherwise; the request is the limit, or else the min.
    """
    for item in limits.spec.limits:
        if item.type == CONTAINER:
            item.default = {**item.max, **item.default}
            item.defaultRequest = {**item.min, **item.default, **item.defaultRequest}
