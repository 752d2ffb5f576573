"""Our patches against the Go implementation in kubectl: the same patch of the same pod gives the same pod."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch.api.field_check import check
from edgeorch.api.patch import json_patch, merge_patch, strategic
from edgeorch.api.type_errors import to_model
from edgeorch.errors import ApiError

pytestmark = [pytest.mark.kubectl, pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl here")]

PAIRS = 20

EMPTY_LISTS = "no elements in any of the given slices"
"""Go cannot tell the element type when both lists are empty and gives up; we have the schema and do not."""


def some(rng: random.Random, names: str, make: Any) -> list[Any]:
    return [make(name) for name in rng.sample(names, rng.randrange(len(names)))]


def env(rng: random.Random) -> list[dict[str, Any]]:
    return some(rng, "ABCD", lambda name: {"name": name, "value": rng.choice("123")})


def container(rng: random.Random, name: str) -> dict[str, Any]:
    ports = some(rng, "1234", lambda n: {"containerPort": int(n), "name": f"p{n}{rng.choice('xy')}"})
    args = some(rng, "abc", str)
    return {"name": name, "image": rng.choice(["i", "j"]), "env": env(rng), "ports": ports, "args": args}


def volume(rng: random.Random, name: str) -> dict[str, Any]:
    return {"name": name, **rng.choice([{"emptyDir": {"medium": "m"}}, {"configMap": {"name": "c"}}])}


def pod(rng: random.Random) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "p",
            "labels": {key: rng.choice("12") for key in some(rng, "abc", str)},
            "finalizers": some(rng, "fgh", lambda n: f"x/{n}"),
        },
        "spec": {
            "containers": some(rng, "klmn", lambda name: container(rng, name)),
            "volumes": some(rng, "uvw", lambda name: volume(rng, name)),
            "tolerations": some(rng, "st", lambda key: {"key": key, "operator": "Exists"}),
            "nodeSelector": dict.fromkeys(some(rng, "ab", str), "x"),
        },
    }


def directed(rng: random.Random, owner: dict[str, Any], field: str, key: str) -> None:
    """Add what kubectl's own patches contain: deletions, replacements, an order."""
    changes = owner[field]
    kind = rng.randrange(6)
    if kind == 0 and changes:
        index = rng.randrange(len(changes))
        changes[index] = {key: changes[index][key], "$patch": "delete"}
    elif kind == 1:
        changes.insert(rng.randrange(len(changes) + 1), {"$patch": "replace"})
    elif kind in {2, 3}:
        order = [{key: change[key]} for change in changes]
        extra = [{key: name} for name in rng.sample(["k", "l", "A", "B", "u"], 3) if {key: name} not in order]
        for item in extra if key == "name" else []:
            order.insert(rng.randrange(len(order) + 1), item)
        owner[f"$setElementOrder/{field}"] = order


def strategic_patch(rng: random.Random) -> dict[str, Any]:
    patch = pod(rng)
    metadata, spec = patch["metadata"], patch["spec"]
    for item in spec["containers"]:
        directed(rng, item, "env", "name")
        directed(rng, item, "ports", "containerPort")
        if rng.randrange(3) == 0:
            item["image"] = None
    directed(rng, spec, "containers", "name")
    for item in spec["volumes"]:
        if rng.randrange(2):
            item["$retainKeys"] = list(item)
    if rng.randrange(2):
        # Not what it adds: which of the two wins depends on Go's random map order.
        gone = [name for name in some(rng, "fgh", lambda n: f"x/{n}") if name not in metadata["finalizers"]]
        metadata["$deleteFromPrimitiveList/finalizers"] = gone
    if rng.randrange(3) == 0:
        metadata["$setElementOrder/finalizers"] = [*metadata["finalizers"], "x/z"]
    if rng.randrange(3) == 0:
        metadata["labels"]["$patch"] = "replace"
    if rng.randrange(3) == 0:
        spec["nodeSelector"] = rng.choice([None, {"a": None, "c": "y"}, {"$patch": "delete"}])
    for name in rng.sample(["containers", "volumes", "tolerations"], rng.randrange(3)):
        if f"$setElementOrder/{name}" not in spec:
            del spec[name]
    return patch


def plain_patch(rng: random.Random) -> dict[str, Any]:
    patch = pod(rng)
    patch["metadata"]["labels"]["a"] = None
    for name in rng.sample(["containers", "volumes", "tolerations", "nodeSelector"], 2):
        patch["spec"][name] = None
    return patch


def operations(rng: random.Random) -> list[dict[str, Any]]:
    paths = ["/metadata/labels/a", "/metadata/labels/b", "/spec/containers/0", "/spec/containers/-", "/spec/volumes/1", "/spec/containers/0/env/0", "/spec/tolerations"]  # fmt: skip
    choices: list[dict[str, Any]] = [
        {"op": "add", "path": "/metadata/labels/z", "value": "1"},
        {"op": "remove", "path": rng.choice(paths)},
        {"op": "replace", "path": "/spec/containers/0/image", "value": "new"},
        {"op": "move", "from": "/metadata/labels/a", "path": "/metadata/labels/y"},
        {"op": "copy", "from": "/spec/containers/0", "path": "/spec/containers/-"},
        {"op": "add", "path": "/spec/containers/0", "value": container(rng, "q")},
        {"op": "test", "path": "/metadata/labels/a", "value": rng.choice("12")},
    ]
    return rng.sample(choices, rng.randrange(1, 4))


def kubectl(home: Path, kind: str, document: Any, patch: Any) -> Any:
    """Patch locally with kubectl, which does it with apimachinery; an empty object where it refuses."""
    done = subprocess.run(
        ["kubectl", "patch", "--local", "-f", "-", "-o", "json", f"--type={kind}", "-p", json.dumps(patch)],
        input=json.dumps(document),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": "/dev/null"},
    )
    if EMPTY_LISTS in done.stderr:
        return None
    return typed(without_directives(json.loads(done.stdout))) if done.returncode == 0 else {}


def typed(patched: dict[str, Any]) -> Any:
    return to_model(Pod, check(Pod, patched).body).to_dict()


def without_directives(value: Any) -> Any:
    """Leave out directives that apimachinery forgets in new items; the typed decoder behind it drops them."""
    if isinstance(value, dict):
        return {key: without_directives(item) for key, item in value.items() if not key.startswith("$")}
    if isinstance(value, list):
        return [without_directives(item) for item in value if not (isinstance(item, dict) and "$patch" in item)]
    return value


def ours(kind: str, document: Any, patch: Any) -> Any:
    try:
        match kind:
            case "strategic":
                patched = strategic.apply(Pod, document, patch)
            case "merge":
                patched = merge_patch.apply(document, patch)
            case _:
                patched = json_patch.apply(document, patch)
        return typed(patched)
    except ApiError:
        return {}


@pytest.mark.parametrize("kind", ["strategic", "merge", "json"])
def test_patches_like_kubectl(kind: str, tmp_path: Path) -> None:
    """Random pods and patches with every directive, compared with the original."""
    make = {"strategic": strategic_patch, "merge": plain_patch, "json": operations}[kind]

    def compare(seed: int) -> tuple[int, Any, Any, Any, Any] | None:
        rng = random.Random(seed)
        document, patch = pod(rng), make(rng)
        left, right = ours(kind, document, patch), kubectl(tmp_path, kind, document, patch)
        return None if right is None or left == right else (seed, document, patch, left, right)

    with ThreadPoolExecutor(4) as pool:
        differing = [found for found in pool.map(compare, range(PAIRS)) if found]
    assert differing == []
