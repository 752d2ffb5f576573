"""What is written, and where: objects of about 3 KB."""

from __future__ import annotations

import json

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"


def pod(name: str, number: int = 0) -> bytes:
    """Make a pod of about 3 KB that no scheduler cares for."""
    env = [{"name": f"VARIABLE_{n}", "value": f"a value of some length {n}"} for n in range(45)]
    spec = {
        "schedulerName": "nobody",
        "containers": [{"name": "main", "image": "localhost/none:1", "env": env}],
    }
    meta = {"name": name, "labels": {"app": name}, "annotations": {"number": str(number)}}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}).encode()


def config_map(name: str, number: int) -> bytes:
    """Make a ConfigMap of about 3 KB."""
    data = {f"key-{n}": f"{number} " + "x" * 90 for n in range(30)}
    meta = {"name": name, "namespace": "default"}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}).encode()


def labelled(name: str, number: int) -> bytes:
    """Make what changes a label of a pod: a merge patch, and as well what a manager of that label applies."""
    meta = {"name": name, "labels": {"bench": str(number)}}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": meta}).encode()


def without_version(data: bytes) -> bytes:
    """Give an object as a client puts it back that does not care about others' changes."""
    document = json.loads(data)
    del document["metadata"]["resourceVersion"]
    return json.dumps(document, separators=(",", ":")).encode()
