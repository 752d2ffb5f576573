"""The plugins that are active, in their order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from edgeorch.api.resources import ResourceTable
from edgeorch_server.registry.admission.base import Chain, Lookup
from edgeorch_server.registry.admission.certificates import CertificateRequests
from edgeorch_server.registry.admission.custom_kinds import CustomKinds
from edgeorch_server.registry.admission.default_classes import DefaultIngressClass, DefaultStorageClass
from edgeorch_server.registry.admission.default_tolerations import DefaultTolerations
from edgeorch_server.registry.admission.escalation import Escalation
from edgeorch_server.registry.admission.limit_ranger import LimitRanger
from edgeorch_server.registry.admission.namespace_lifecycle import NamespaceLifecycle
from edgeorch_server.registry.admission.pod_security.plugin import PodSecurity
from edgeorch_server.registry.admission.priority import Priority
from edgeorch_server.registry.admission.resource_quota import QuotaAdmission
from edgeorch_server.registry.admission.service_account import DefaultServiceAccount
from edgeorch_server.registry.admission.service_addresses import ServiceAddresses
from edgeorch_server.registry.services.allocation import Ranges


def default_chain(objects: Lookup, table: ResourceTable, now: Callable[[], dt.datetime]) -> Chain:
    """Build the chain with every plugin, in Kubernetes' order."""
    return Chain(
        guards=(NamespaceLifecycle(objects), CustomKinds(table)),
        completing=(
            LimitRanger(objects),
            DefaultServiceAccount(objects),
            Priority(objects),
            DefaultTolerations(),
        ),
        deciding=(
            PodSecurity(objects),
            DefaultStorageClass(objects),
            Escalation(objects),
            CertificateRequests(objects, now),
            DefaultIngressClass(objects),
            QuotaAdmission(objects, table, now),
            ServiceAddresses(objects, Ranges()),
        ),
    )
