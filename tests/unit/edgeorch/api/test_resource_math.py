"""Arithmetic on resource lists."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api import resource_math
from edgeorch.api.quantity import Amount

amounts = st.dictionaries(
    st.sampled_from(["cpu", "memory", "ephemeral-storage", "pods"]),
    st.integers(min_value=0, max_value=10**15).map(Amount),
)


def test_sums_up_from_nothing_in_the_notation_of_its_parts() -> None:
    """A total keeps the notation people wrote."""
    lists = [{"cpu": "100m", "memory": "512Mi"}, {"cpu": "900m"}, {"memory": "512Mi"}]
    total = resource_math.total(resource_math.parse(part) for part in lists)
    assert resource_math.render(total) == {"cpu": "1", "memory": "1Gi"}


def test_says_what_is_lacking() -> None:
    """Only resources that do not fit are named, with the missing amount; a request of zero never is."""
    request = resource_math.parse({"cpu": "2", "memory": "1Gi", "example.com/gpu": "0"})
    available = resource_math.parse({"cpu": "1500m", "memory": "1Gi"})
    assert resource_math.render(resource_math.lacking(request, available)) == {"cpu": "500m"}
    assert not resource_math.fits(request, available)


def test_a_full_node_still_takes_a_pod_that_asks_for_nothing() -> None:
    """Kubernetes' fit ignores resources that are not requested, even on an overcommitted node."""
    assert resource_math.fits({"cpu": Amount()}, {"cpu": Amount.of(-1)})


def test_maximum_is_per_resource() -> None:
    """The larger amount wins for each resource on its own."""
    left = resource_math.parse({"cpu": "1", "memory": "1Mi"})
    right = resource_math.parse({"cpu": "500m", "memory": "2Mi", "pods": "1"})
    larger = resource_math.render(resource_math.maximum(left, right))
    assert larger == {"cpu": "1", "memory": "2Mi", "pods": "1"}


@given(amounts, amounts)
def test_laws(left: dict[str, Amount], right: dict[str, Amount]) -> None:
    """Subtraction undoes addition, parts fit into their sum, nothing changes its arguments."""
    before = (dict(left), dict(right))
    both = resource_math.add(left, right)
    assert both == resource_math.add(right, left)
    undone = resource_math.subtract(both, right)
    assert {name: amount for name, amount in undone.items() if amount} == {
        name: amount for name, amount in left.items() if amount
    }
    assert resource_math.fits(left, both)
    assert resource_math.fits(resource_math.maximum(left, right), both)
    assert resource_math.fits(right, left) == all(left.get(n, Amount()) >= a for n, a in right.items() if a)
    assert (left, right) == before
