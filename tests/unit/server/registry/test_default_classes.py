"""Claims and Ingresses that name no class get the default one."""

from typing import Any

import pytest

from edgeorch.api.core.resources import PERSISTENT_VOLUME_CLAIMS as CLAIMS
from edgeorch.api.networking.resources import INGRESS_CLASSES, INGRESSES
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.storage.resources import STORAGE_CLASSES

STORAGE_MARK = "storageclass.kubernetes.io/is-default-class"
INGRESS_MARK = "ingressclass.kubernetes.io/is-default-class"
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
BACKEND = {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}


async def storage_class(world: Any, name: str, **annotations: str) -> None:
    meta = {"name": name, "annotations": annotations}
    await world.create(STORAGE_CLASSES, {"metadata": meta, "provisioner": "example.com/disks"})


async def ingress_class(world: Any, name: str, **annotations: str) -> None:
    meta = {"name": name, "annotations": annotations}
    await world.create(INGRESS_CLASSES, {"metadata": meta, "spec": {"controller": "example.com/proxy"}})


async def made(world: Any, resource: ResourceInfo[Any], spec: dict[str, Any], **annotations: str) -> Any:
    await world.create(resource, {"metadata": {"name": "x", "annotations": annotations}, "spec": spec})
    return world.get(resource, "x").spec


@pytest.mark.parametrize("mark", [STORAGE_MARK, "storageclass.beta.kubernetes.io/is-default-class"])
async def test_a_claim_gets_the_default_class(world: Any, mark: str) -> None:
    """DefaultStorageClass: only a class that is marked "true" is one."""
    await storage_class(world, "plain")
    await storage_class(world, "no", **{mark: "false"})
    await storage_class(world, "fast", **{mark: "true"})
    assert (await made(world, CLAIMS, CLAIM)).storageClassName == "fast"


async def test_the_newest_default_counts(world: Any) -> None:
    """If several are marked as default, the most recently created one is used; of one age, the first by name."""
    await storage_class(world, "aged", **{STORAGE_MARK: "true"})
    world.clock.advance(1)
    for name in ("new-b", "new-a"):
        await storage_class(world, name, **{STORAGE_MARK: "true"})
    assert (await made(world, CLAIMS, CLAIM)).storageClassName == "new-a"


@pytest.mark.parametrize(
    ("spec", "annotations"),
    [
        pytest.param({"storageClassName": ""}, {}, id="none at all"),
        pytest.param({"storageClassName": "other"}, {}, id="another"),
        pytest.param({}, {"volume.beta.kubernetes.io/storage-class": "other"}, id="by the old annotation"),
    ],
)
async def test_a_claim_that_says_something_keeps_it(
    world: Any, spec: dict[str, Any], annotations: dict[str, str]
) -> None:
    """The admission controller ignores claims that ask for a class, or for none."""
    await storage_class(world, "fast", **{STORAGE_MARK: "true"})
    found = await made(world, CLAIMS, CLAIM | spec, **annotations)
    assert found.storageClassName == spec.get("storageClassName")


async def test_without_a_default_claims_stay_as_they_are(world: Any) -> None:
    """They can still get one later."""
    await storage_class(world, "plain")
    assert (await made(world, CLAIMS, CLAIM)).storageClassName is None


async def test_an_ingress_gets_the_default_class(world: Any) -> None:
    """DefaultIngressClass, the newest of them; the class that a change leaves out stays out."""
    await ingress_class(world, "plain")
    await ingress_class(world, "aged", **{INGRESS_MARK: "true"})
    world.clock.advance(1)
    await ingress_class(world, "fresh", **{INGRESS_MARK: "true"})
    assert (await made(world, INGRESSES, BACKEND)).ingressClassName == "fresh"
    await world.patch(INGRESSES, "x", {"spec": {"ingressClassName": None}})
    assert world.get(INGRESSES, "x").spec.ingressClassName is None


@pytest.mark.parametrize(
    ("spec", "annotations"),
    [
        pytest.param({"ingressClassName": "other"}, {}, id="by its field"),
        pytest.param({}, {"kubernetes.io/ingress.class": "other"}, id="by the old annotation"),
    ],
)
async def test_an_ingress_that_names_a_class_keeps_it(
    world: Any, spec: dict[str, Any], annotations: dict[str, str]
) -> None:
    """Both ways to name a class count."""
    await ingress_class(world, "proxy", **{INGRESS_MARK: "true"})
    found = await made(world, INGRESSES, BACKEND | spec, **annotations)
    assert found.ingressClassName == spec.get("ingressClassName")
