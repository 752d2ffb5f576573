"""Manifests for tests: small pods on the lab's busybox that start and end without delay."""

from __future__ import annotations

from typing import Any

from tests.lab.podman import BUSYBOX

Manifest = dict[str, Any]

FOR_EVER = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"
"""A shell script that runs until it is asked to end, and ends at once then."""


def namespace(name: str) -> Manifest:
    """Write a Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def config_map(name: str, **data: str) -> Manifest:
    """Write a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str, **data: str) -> Manifest:
    """Write a Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def shell(script: str, name: str = "main", **fields: Any) -> Manifest:
    """Write a container that runs a shell script."""
    return {"name": name, "image": BUSYBOX, "command": ["sh", "-c", script], **fields}


def pod(name: str, *containers: Manifest, labels: dict[str, str] | None = None, **spec: Any) -> Manifest:
    """Write a Pod; without containers it has one that runs for ever."""
    metadata: Manifest = {"name": name}
    if labels:
        metadata["labels"] = labels
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "containers": list(containers) or [shell(FOR_EVER)],
            "terminationGracePeriodSeconds": 2,
            **spec,
        },
    }


def workload(kind: str, name: str, **spec: Any) -> Manifest:
    """Write a workload of apps/v1 whose pods run for ever and end at once."""
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [shell(FOR_EVER)], "terminationGracePeriodSeconds": 1},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def deployment(name: str, replicas: int, **spec: Any) -> Manifest:
    """Write a Deployment of pods that run for ever."""
    return workload("Deployment", name, replicas=replicas, **spec)
