"""What a DELETE is answered with."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.coordination.resources import LEASES
from edgeorch.api.core.resources import CONFIG_MAPS, NAMESPACES, PODS, SERVICE_ACCOUNTS
from edgeorch_server.apiserver.deletes import answers_object, deleted_status
from edgeorch_server.registry.base import Written
from edgeorch_server.store.base import Entry

ENTRY = Entry("ns", "x", 7, b"{}", "uid-1", {}, {})


@pytest.mark.parametrize(
    ("resource", "deleted", "answers"),
    [
        (PODS, True, True),
        (PODS, False, True),
        (SERVICE_ACCOUNTS, True, True),
        (CONFIG_MAPS, True, False),
        (CONFIG_MAPS, False, True),
        (NAMESPACES, False, True),
        (NAMESPACES, True, False),
    ],
    ids=lambda value: getattr(value, "key", str(value)),
)
def test_who_gets_the_object(resource: Any, deleted: bool, answers: bool) -> None:
    """Kinds whose strategy returns it, and everything that is not gone yet."""
    assert answers_object(resource, Written(ENTRY, deleted=deleted)) is answers


def test_the_status_names_what_was_deleted() -> None:
    """Members in Kubernetes' order, the group left out for core."""
    status = deleted_status(CONFIG_MAPS, Written(ENTRY, deleted=True))
    assert list(status) == ["kind", "apiVersion", "metadata", "status", "details"]
    assert status["details"] == {"name": "x", "kind": "configmaps", "uid": "uid-1"}
    foreign = deleted_status(LEASES, Written(ENTRY, deleted=True))
    assert list(foreign["details"].items())[1] == ("group", "coordination.k8s.io")
