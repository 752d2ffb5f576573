"""Resource table entries of admissionregistration.k8s.io/v1."""

from __future__ import annotations

from edgeorch.api.admissionregistration.webhooks import (
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
)
from edgeorch.api.resources import ResourceInfo

MUTATING_WEBHOOKS = ResourceInfo(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="MutatingWebhookConfiguration",
    plural="mutatingwebhookconfigurations",
    singular="mutatingwebhookconfiguration",
    model=MutatingWebhookConfiguration,
    namespaced=False,
    categories=("api-extensions",),
)

VALIDATING_WEBHOOKS = ResourceInfo(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingWebhookConfiguration",
    plural="validatingwebhookconfigurations",
    singular="validatingwebhookconfiguration",
    model=ValidatingWebhookConfiguration,
    namespaced=False,
    categories=("api-extensions",),
)
