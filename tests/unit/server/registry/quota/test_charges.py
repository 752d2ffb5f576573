"""What pods cost a quota, kept once for all that cost the same."""

from __future__ import annotations

import gc
import weakref

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch_server.registry.quota.pods import Charge, Charges, charge


def cost(memory: str = "1Gi", **fields: object) -> Charge:
    requests = {"requests": {"memory": memory}}
    spec = {"containers": [{"name": "c", "image": "i", "resources": requests}], **fields}
    return charge(Pod.from_dict({"metadata": {"name": "p"}, "spec": spec}))


def test_pods_of_one_template_share_a_charge() -> None:
    """They are told apart from others by identity alone."""
    charges = Charges()
    first = charges.shared(cost())
    assert charges.shared(cost()) is first


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(cost("2Gi"), id="more memory"),
        pytest.param(cost("1073741824"), id="as much, written otherwise: sums are written as the first was"),
        pytest.param(cost(priorityClassName="high"), id="another priority"),
        pytest.param(cost(activeDeadlineSeconds=5), id="another scope"),
    ],
)
def test_others_do_not(other: Charge) -> None:
    """Whatever a quota asks of a pod makes a difference."""
    charges = Charges()
    first = charges.shared(cost())
    assert charges.shared(other) is other
    assert charges.shared(cost()) is first


def test_what_no_pod_costs_any_more_is_forgotten() -> None:
    """Templates come and go: what is kept of them goes with their last pod."""
    charges = Charges()
    kept = charges.shared(cost())
    gone = weakref.ref(kept)
    del kept
    gc.collect()
    assert gone() is None
