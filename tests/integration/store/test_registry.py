"""What the registry stores is what a restarted server reads."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from edgeorch.api.core.config import ConfigMap
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import CONFIG_MAPS, NAMESPACES, NODES, PODS
from edgeorch.api.table import default_table
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.fields import fields_from
from edgeorch_server.store.tinydb import TinyStore


async def test_a_restart_changes_no_entry(tmp_path: Path) -> None:
    """Bytes, revision, uid, labels and selectable fields are the same before and after."""
    resources = [NAMESPACES, NODES, PODS, CONFIG_MAPS]
    async with await TinyStore.open(tmp_path, fields_from(default_table())) as store:
        registry = Registry(store, default_table(), now=lambda: dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
        await registry.create(NAMESPACES, Namespace.from_dict({"metadata": {"name": "default"}}))
        await registry.create(
            NODES, Node.from_dict({"metadata": {"name": "pi-1", "labels": {"arch": "arm64"}}})
        )
        meta = {"name": "web", "namespace": "default", "labels": {"app": "web"}}
        containers = [{"name": "main", "image": "busybox", "args": ["tab\t, line\n, NUL\0, \U0001f967"]}]
        await registry.create(PODS, Pod.from_dict({"metadata": meta, "spec": {"containers": containers}}))
        await registry.create(CONFIG_MAPS, ConfigMap.from_dict({"metadata": meta, "data": {"a": "\u2028"}}))
        before = {r.key: list(store.list(r.key)) for r in resources}
    async with await TinyStore.open(tmp_path, fields_from(default_table())) as store:
        assert {r.key: list(store.list(r.key)) for r in resources} == before
    assert {key: len(entries) for key, entries in before.items()}["pods"] == 1
