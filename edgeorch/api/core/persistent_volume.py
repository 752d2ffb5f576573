"""PersistentVolumes: storage that outlives pods and claims."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.core import volume_network as net
from edgeorch.api.core.references import ObjectReference
from edgeorch.api.core.requirements import ResourceList
from edgeorch.api.core.scheduling import NodeSelector
from edgeorch.api.core.volume import HostPathVolumeSource
from edgeorch.api.meta import Model, Object, Required, Time, Unsupported

NOT_BOUND = "volumes are not bound to claims yet"


class SecretReference(Model):
    """A Secret in any namespace."""

    atomic = True

    name: str = ""
    """Its name."""
    namespace: str = ""
    """Its namespace."""


class LocalVolumeSource(Model):
    """A directory or disk of one node."""

    path: str
    """Where it is, on the node."""
    fsType: str | None = None
    """File system to mount, of a disk."""


class CSIPersistentVolumeSource(Model):
    """A volume of a CSI driver."""

    driver: str
    """Name of the driver."""
    volumeHandle: str
    """What the driver calls the volume."""
    readOnly: bool = False
    """Whether the mount is read-only."""
    fsType: str = ""
    """File system to mount."""
    volumeAttributes: dict[str, str] = Field(default_factory=dict)
    """What the driver wants to be told."""
    controllerPublishSecretRef: SecretReference | None = None
    """Secret for attaching it."""
    nodeStageSecretRef: SecretReference | None = None
    """Secret for preparing it on a node."""
    nodePublishSecretRef: SecretReference | None = None
    """Secret for mounting it."""
    controllerExpandSecretRef: SecretReference | None = None
    """Secret for making it larger."""
    nodeExpandSecretRef: SecretReference | None = None
    """Secret for making it larger on a node."""


class CephFSPersistentVolumeSource(net.CephFSVolumeSource):
    """A CephFS directory."""

    secretRef: SecretReference | None = None  # type: ignore[assignment]  # a Secret of any namespace, here
    """Secret with the key, instead of ``secretFile``."""


class RBDPersistentVolumeSource(net.RBDVolumeSource):
    """A Ceph RBD image."""

    secretRef: SecretReference | None = None  # type: ignore[assignment]  # a Secret of any namespace, here
    """Secret with the key, instead of ``keyring``."""


class CinderPersistentVolumeSource(net.CinderVolumeSource):
    """An OpenStack Cinder volume."""

    secretRef: SecretReference | None = None  # type: ignore[assignment]  # a Secret of any namespace, here
    """Secret with the credentials."""


class ISCSIPersistentVolumeSource(net.ISCSIVolumeSource):
    """An iSCSI disk."""

    secretRef: SecretReference | None = None  # type: ignore[assignment]  # a Secret of any namespace, here
    """Secret with the CHAP credentials."""


class FlexPersistentVolumeSource(net.FlexVolumeSource):
    """A volume of a FlexVolume driver."""

    secretRef: SecretReference | None = None  # type: ignore[assignment]  # a Secret of any namespace, here
    """Secret passed to the driver."""


class ScaleIOPersistentVolumeSource(net.ScaleIOVolumeSource):
    """A ScaleIO volume."""

    secretRef: Required[SecretReference | None] = None  # type: ignore[assignment]  # a Secret of any namespace, here
    """Secret with the credentials."""


class StorageOSPersistentVolumeSource(net.StorageOSVolumeSource):
    """A StorageOS volume."""

    secretRef: ObjectReference | None = None  # type: ignore[assignment]  # a Secret of any namespace, here
    """Secret with the credentials."""


class AzureFilePersistentVolumeSource(net.AzureFileVolumeSource):
    """An Azure file share."""

    secretNamespace: str | None = None
    """Namespace of the Secret; the claim's own unless given."""


class GlusterfsPersistentVolumeSource(net.GlusterfsVolumeSource):
    """A GlusterFS volume."""

    endpointsNamespace: str | None = None
    """Namespace of the Endpoints; the claim's own unless given."""


class VolumeNodeAffinity(Model):
    """From which nodes a volume can be reached."""

    required: NodeSelector | None = None
    """Those it selects."""


class PersistentVolumeSpec(Model):
    """What a volume is, and what becomes of it."""

    capacity: ResourceList = Field(default_factory=dict)
    """How large it is."""
    accessModes: list[str] = Field(default_factory=list)
    """How it can be mounted: ``ReadWriteOnce``, ``ReadOnlyMany``, ``ReadWriteMany``, ``ReadWriteOncePod``."""
    claimRef: ObjectReference | None = None
    """The claim that it is bound to, or kept for."""
    persistentVolumeReclaimPolicy: str = ""
    """What becomes of it once its claim is gone: ``Retain`` (the default), ``Delete`` or ``Recycle``."""
    storageClassName: str = ""
    """Its storage class; empty is none."""
    mountOptions: list[str] = Field(default_factory=list)
    """Options that it is mounted with."""
    volumeMode: str | None = None
    """``Filesystem`` (the default) or ``Block``."""
    nodeAffinity: VolumeNodeAffinity | None = None
    """From which nodes it can be reached."""
    volumeAttributesClassName: str | None = None
    """Its volume attributes class."""
    hostPath: HostPathVolumeSource | None = None
    """A path on whatever node its pod is on."""
    local: LocalVolumeSource | None = None
    """A directory or disk of one node."""
    nfs: net.NFSVolumeSource | None = None
    """An NFS export."""
    csi: CSIPersistentVolumeSource | None = None
    """A volume of a CSI driver."""
    iscsi: ISCSIPersistentVolumeSource | None = None
    """An iSCSI disk."""
    fc: net.FCVolumeSource | None = None
    """A Fibre Channel disk."""
    flexVolume: FlexPersistentVolumeSource | None = None
    """A volume of a FlexVolume driver."""
    cephfs: CephFSPersistentVolumeSource | None = None
    """A CephFS directory."""
    rbd: RBDPersistentVolumeSource | None = None
    """A Ceph RBD image."""
    glusterfs: GlusterfsPersistentVolumeSource | None = None
    """A GlusterFS volume."""
    flocker: net.FlockerVolumeSource | None = None
    """A Flocker dataset."""
    quobyte: net.QuobyteVolumeSource | None = None
    """A Quobyte volume."""
    scaleIO: ScaleIOPersistentVolumeSource | None = None
    """A ScaleIO volume."""
    storageos: StorageOSPersistentVolumeSource | None = None
    """A StorageOS volume."""
    portworxVolume: net.PortworxVolumeSource | None = None
    """A Portworx volume."""
    gcePersistentDisk: net.GCEPersistentDiskVolumeSource | None = None
    """A Google persistent disk."""
    awsElasticBlockStore: net.AWSElasticBlockStoreVolumeSource | None = None
    """An Amazon EBS volume."""
    azureDisk: net.AzureDiskVolumeSource | None = None
    """An Azure data disk."""
    azureFile: AzureFilePersistentVolumeSource | None = None
    """An Azure file share."""
    cinder: CinderPersistentVolumeSource | None = None
    """An OpenStack Cinder volume."""
    vsphereVolume: net.VsphereVirtualDiskVolumeSource | None = None
    """A vSphere disk."""
    photonPersistentDisk: net.PhotonPersistentDiskVolumeSource | None = None
    """A Photon disk."""


class PersistentVolumeStatus(Model):
    """What state a volume is in."""

    phase: str = ""
    """``Pending``, ``Available``, ``Bound``, ``Released`` or ``Failed``."""
    message: str = ""
    """Why, for people."""
    reason: str = ""
    """The same in one word."""
    lastPhaseTransitionTime: Time | None = None
    """When the phase last changed."""


class PersistentVolume(Object):
    """Storage that outlives pods and claims."""

    spec: Annotated[PersistentVolumeSpec, Unsupported(NOT_BOUND)] = Field(default_factory=PersistentVolumeSpec)
    """What it is."""
    status: PersistentVolumeStatus = Field(default_factory=PersistentVolumeStatus)
    """What state it is in."""


SOURCES = tuple(
    name
    for name in PersistentVolumeSpec.model_fields
    if name
    not in {
        "capacity",
        "accessModes",
        "claimRef",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "mountOptions",
        "volumeMode",
        "nodeAffinity",
        "volumeAttributesClassName",
    }
)
"""The fields of the spec of which exactly one is set: what the volume is."""
