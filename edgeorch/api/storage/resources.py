"""Resource table entries of storage.k8s.io/v1."""

from __future__ import annotations

from edgeorch.api.resources import ResourceInfo
from edgeorch.api.storage.storage_class import StorageClass

STORAGE_CLASSES = ResourceInfo(
    group="storage.k8s.io",
    version="v1",
    kind="StorageClass",
    plural="storageclasses",
    singular="storageclass",
    model=StorageClass,
    namespaced=False,
    short_names=("sc",),
)
