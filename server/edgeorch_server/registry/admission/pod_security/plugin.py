"""The admission plugin: refuses pods, and tells clients what would be refused."""

from __future__ import annotations

from collections import Counter

from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.pod import Pod, PodSpec
from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.core.resources import NAMESPACES, PODS
from edgeorch.api.meta import Object
from edgeorch_server.registry import messages
from edgeorch_server.registry.admission.base import Attributes, Lookup, Operation
from edgeorch_server.registry.admission.pod_security.check import Subject
from edgeorch_server.registry.admission.pod_security.evaluation import details, evaluate, reasons
from edgeorch_server.registry.admission.pod_security.policy import PREFIX, Level, Policy, Standard, policy_of

_MOST_PODS = 3000
"""As many of a namespace's pods are looked at when its standard changes."""


class PodSecurity:
    """Holds pods to the standard of their namespace (Kubernetes' plugin PodSecurity)."""

    def __init__(self, objects: Lookup) -> None:
        self._objects = objects

    def admit(self, write: Attributes) -> None:
        """Raise Forbidden for a pod, Invalid for labels of a namespace; warn of the rest."""
        if write.obj is None:
            return
        if isinstance(write.obj, Namespace):
            self._check_namespace(write, write.obj)
        elif subject := _subject(write, write.obj):
            self._check(write, subject)

    def _check(self, write: Attributes, subject: Subject) -> None:
        policy = self._policy(write.namespace)
        if isinstance(write.obj, Pod) and (found := evaluate(subject, policy.enforce)):
            raise write.forbidden(f'violates PodSecurity "{policy.enforce}": {details(found)}')
        if found := evaluate(subject, policy.warn):
            write.warnings.append(f'would violate PodSecurity "{policy.warn}": {details(found)}')

    def _policy(self, namespace: str) -> Policy:
        found = self._objects.find_entry(NAMESPACES, "", namespace)
        labels = found.labels if found else {}
        return policy_of(labels)[0] if any(key.startswith(PREFIX) for key in labels) else Policy()

    def _check_namespace(self, write: Attributes, namespace: Namespace) -> None:
        if write.subresource:
            return
        new, errors = policy_of(namespace.metadata.labels)
        old, known = policy_of(write.old.metadata.labels if write.old else {})
        if errors and errors != known:
            raise messages.invalid(write.resource, write.name, errors)
        relaxed = new.enforce.version == old.enforce.version and new.enforce.level <= old.enforce.level
        if write.operation is Operation.UPDATE and not relaxed and new.enforce.level > Level.PRIVILEGED:
            self._warn_of_pods(write, new.enforce)

    def _warn_of_pods(self, write: Attributes, standard: Standard) -> None:
        """Tell which pods that are there already would be refused now."""
        pods = self._objects.list(PODS, write.name)
        if len(pods) > _MOST_PODS:
            write.warnings.append(
                "new PodSecurity enforce level only checked against the first "
                f"{_MOST_PODS} of {len(pods)} existing pods"
            )
        looked_at = sorted(pods[:_MOST_PODS], key=lambda pod: pod.metadata.name)
        first: dict[str, str] = {}
        several: Counter[str] = Counter()
        for pod in looked_at:
            if found := reasons(evaluate(Subject(pod.metadata.annotations, pod.spec), standard)):
                first.setdefault(found, pod.metadata.name)
                several[found] += 1
        if several:
            write.warnings.append(
                f'existing pods in namespace "{write.name}" violate the new PodSecurity enforce level '
                f'"{standard}"'
            )
        told = (f"{first[found]}{_others(number - 1)}: {found}" for found, number in several.items())
        write.warnings.extend(sorted(told))


def _others(number: int) -> str:
    match number:
        case 0:
            return ""
        case 1:
            return " (and 1 other pod)"
        case _:
            return f" (and {number} other pods)"


def _subject(write: Attributes, obj: Object) -> Subject | None:
    """Give what is to be looked at; None where nothing is, or nothing that matters has changed."""
    if isinstance(obj, Pod):
        if write.subresource not in {"", "ephemeralcontainers", "resize"}:
            return None
        if isinstance(write.old, Pod) and _images(write.old.spec) == _images(obj.spec):
            return None
        return Subject(obj.metadata.annotations, obj.spec)
    template = None if write.subresource else _template(obj)
    return Subject(template.metadata.annotations, template.spec) if template else None


def _images(spec: PodSpec) -> list[tuple[str, str]]:
    """Give what may change in a pod and is of interest here."""
    return [
        (container.name, container.image)
        for container in (*spec.initContainers, *spec.containers, *spec.ephemeralContainers)
    ]


def _template(obj: Object) -> PodTemplateSpec | None:
    """Find the template that an object makes pods of, if it does."""
    for path in (("spec", "template"), ("spec", "jobTemplate", "spec", "template"), ("template",)):
        found: object = obj
        for name in path:
            found = getattr(found, name, None)
        if isinstance(found, PodTemplateSpec):
            return found
    return None
