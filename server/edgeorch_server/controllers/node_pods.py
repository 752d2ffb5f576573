"""The pods of a node: what wakes the controllers that look after them, and how they read them."""

from __future__ import annotations

from edgeorch.api.core.resources import NODES, PODS
from edgeorch_server.controllers.runner import Key, Source
from edgeorch_server.registry.base import Entries, ListOptions
from edgeorch_server.store.base import Entry


def node_of(entry: Entry) -> tuple[Key, ...]:
    """Map a pod to the node it is bound to."""
    node = entry.fields["spec.nodeName"]
    return (Key("", node),) if node else ()


SOURCES = (Source(NODES), Source(PODS, node_of))
"""Every node, and the node of every pod that is bound."""


def pods_on(objects: Entries, node: str) -> list[Entry]:
    """Read the pods that are bound to a node; all pods are looked at, none is parsed.

    That is for the rare case that something is the matter with a node, not for every change of a pod.
    """
    every = objects.list_entries(PODS, ListOptions()).entries
    return [entry for entry in every if entry.fields["spec.nodeName"] == node]
