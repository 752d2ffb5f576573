"""Pure: the pods that a StatefulSet makes, and the claims that they keep."""

from __future__ import annotations

import re

from edgeorch.api.apps.stateful_set import POD_INDEX_LABEL, POD_NAME_LABEL, StatefulSet
from edgeorch.api.core.persistent_volume_claim import PersistentVolumeClaim
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.core.volume import PersistentVolumeClaimVolumeSource, Volume
from edgeorch.api.meta import ObjectMeta
from edgeorch_server.controllers.pod_control import pod_from
from edgeorch_server.controllers.stateful_sets.plan import REVISION_LABEL

_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)


def pod_name(owner: StatefulSet, number: int) -> str:
    """Name a pod (StatefulSet, "Stable Network ID")."""
    return f"{owner.metadata.name}-{number}"


def number_of(owner: StatefulSet, name: str) -> int | None:
    """Read the number in a pod's name; None for a name that the StatefulSet would not give."""
    stem, _, digits = name.rpartition("-")
    return int(digits) if stem == owner.metadata.name and _NUMBER.fullmatch(digits) else None


def identity_labels(name: str, number: int) -> dict[str, str]:
    """Give the labels that say which of the pods it is."""
    return {POD_NAME_LABEL: name, POD_INDEX_LABEL: str(number)}


def stateful_pod(owner: StatefulSet, template: PodTemplateSpec, number: int, revision: str) -> Pod:
    """Build a pod: with its name for a host name, and its own claims for volumes (``newStatefulSetPod``)."""
    name = pod_name(owner, number)
    pod = pod_from(template, owner, name=name)
    pod.metadata.labels |= {**identity_labels(name, number), REVISION_LABEL: revision}
    pod.spec.hostname = name
    pod.spec.subdomain = owner.spec.serviceName
    claimed = [
        Volume(
            name=template.metadata.name,
            persistentVolumeClaim=PersistentVolumeClaimVolumeSource(
                claimName=claim_name(owner, template, number)
            ),
        )
        for template in owner.spec.volumeClaimTemplates
    ]
    names = {volume.name for volume in claimed}
    pod.spec.volumes = [*claimed, *(volume for volume in pod.spec.volumes if volume.name not in names)]
    return pod


def claim_name(owner: StatefulSet, template: PersistentVolumeClaim, number: int) -> str:
    """Name the claim that a pod has of a template (StatefulSet, "Stable Storage")."""
    return f"{template.metadata.name}-{owner.metadata.name}-{number}"


def claim_for(owner: StatefulSet, template: PersistentVolumeClaim, number: int) -> PersistentVolumeClaim:
    """Build a pod's claim; it has the labels that the pods are selected by (``getPersistentVolumeClaims``)."""
    meta, selector = template.metadata, owner.spec.selector
    return PersistentVolumeClaim(
        metadata=ObjectMeta(
            name=claim_name(owner, template, number),
            namespace=owner.metadata.namespace,
            labels={**meta.labels, **(selector.matchLabels if selector else {})},
            annotations=dict(meta.annotations),
            finalizers=list(meta.finalizers),
        ),
        spec=template.spec.model_copy(deep=True),
    )
