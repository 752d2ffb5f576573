"""Resource table entries of policy/v1."""

from __future__ import annotations

from edgeorch.api.policy.pod_disruption_budget import PodDisruptionBudget
from edgeorch.api.resources import ResourceInfo, Subresource

POD_DISRUPTION_BUDGETS = ResourceInfo(
    group="policy",
    version="v1",
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    singular="poddisruptionbudget",
    model=PodDisruptionBudget,
    short_names=("pdb",),
    subresources=(Subresource("status", ("get", "patch", "update")),),
)
