"""Volume sources that need a cloud, a storage network or a driver: kept and documented, never mounted."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.core.references import LocalObjectReference
from edgeorch.api.meta import Int32, Model, Required


class NFSVolumeSource(Model):
    """An NFS export."""

    server: Required[str] = ""
    """Host name or address of the server."""
    path: Required[str] = ""
    """Exported path."""
    readOnly: bool = False
    """Whether the mount is read-only."""


class CSIVolumeSource(Model):
    """A volume of a CSI driver, made for the pod."""

    driver: Required[str] = ""
    """Name of the driver."""
    readOnly: bool | None = None
    """Whether the mount is read-only."""
    fsType: str | None = None
    """File system to mount; the driver's choice when absent."""
    volumeAttributes: dict[str, str] = Field(default_factory=dict)
    """Settings for the driver."""
    nodePublishSecretRef: LocalObjectReference | None = None
    """Secret passed to the driver."""


class ISCSIVolumeSource(Model):
    """An iSCSI disk."""

    targetPortal: Required[str] = ""
    """Address of the target, with the port unless it is 3260."""
    iqn: Required[str] = ""
    """Qualified name of the target."""
    lun: Int32
    """Logical unit number."""
    iscsiInterface: str = ""
    """Initiator interface; ``default`` by default."""
    fsType: str = ""
    """File system to mount."""
    readOnly: bool = False
    """Whether the mount is read-only."""
    portals: list[str] = Field(default_factory=list)
    """More addresses of the target."""
    chapAuthDiscovery: bool = False
    """Whether discovery authenticates with CHAP."""
    chapAuthSession: bool = False
    """Whether the session authenticates with CHAP."""
    secretRef: LocalObjectReference | None = None
    """Secret with the CHAP credentials."""
    initiatorName: str | None = None
    """Name of the initiator, if not the node's."""


class FCVolumeSource(Model):
    """A Fibre Channel disk."""

    targetWWNs: list[str] = Field(default_factory=list)
    """World wide names of the targets."""
    lun: Int32 | None = None
    """Logical unit number."""
    fsType: str = ""
    """File system to mount."""
    readOnly: bool = False
    """Whether the mount is read-only."""
    wwids: list[str] = Field(default_factory=list)
    """World wide identifiers, instead of targets and unit."""


class FlexVolumeSource(Model):
    """A volume of a FlexVolume driver."""

    driver: Required[str] = ""
    """Name of the driver."""
    fsType: str = ""
    """File system to mount."""
    secretRef: LocalObjectReference | None = None
    """Secret passed to the driver."""
    readOnly: bool = False
    """Whether the mount is read-only."""
    options: dict[str, str] = Field(default_factory=dict)
    """Settings for the driver."""


class CephFSVolumeSource(Model):
    """A CephFS directory."""

    monitors: Required[list[str]] = Field(default_factory=list)
    """Addresses of the monitors."""
    path: str = ""
    """Directory to mount; ``/`` by default."""
    user: str = ""
    """User name; ``admin`` by default."""
    secretFile: str = ""
    """Key ring on the node."""
    secretRef: LocalObjectReference | None = None
    """Secret with the key, instead of ``secretFile``."""
    readOnly: bool = False
    """Whether the mount is read-only."""


class RBDVolumeSource(Model):
    """A Ceph RBD image."""

    monitors: Required[list[str]] = Field(default_factory=list)
    """Addresses of the monitors."""
    image: Required[str] = ""
    """Name of the image."""
    fsType: str = ""
    """File system to mount."""
    pool: str = ""
    """Pool of the image; ``rbd`` by default."""
    user: str = ""
    """User name; ``admin`` by default."""
    keyring: str = ""
    """Key ring on the node; ``/etc/ceph/keyring`` by default."""
    secretRef: LocalObjectReference | None = None
    """Secret with the key, instead of ``keyring``."""
    readOnly: bool = False
    """Whether the mount is read-only."""


class GlusterfsVolumeSource(Model):
    """A GlusterFS volume."""

    endpoints: Required[str] = ""
    """Endpoints object with the servers."""
    path: Required[str] = ""
    """Name of the volume."""
    readOnly: bool = False
    """Whether the mount is read-only."""


class FlockerVolumeSource(Model):
    """A Flocker dataset."""

    datasetName: str = ""
    """Name of the dataset; deprecated."""
    datasetUUID: str = ""
    """UUID of the dataset."""


class QuobyteVolumeSource(Model):
    """A Quobyte volume."""

    registry: Required[str] = ""
    """Addresses of the registries, as host:port pairs with commas between."""
    volume: Required[str] = ""
    """Name of the volume."""
    readOnly: bool = False
    """Whether the mount is read-only."""
    user: str = ""
    """User to map access to."""
    group: str = ""
    """Group to map access to."""
    tenant: str = ""
    """Tenant that owns the volume."""


class ScaleIOVolumeSource(Model):
    """A ScaleIO volume."""

    gateway: Required[str] = ""
    """Address of the gateway."""
    system: Required[str] = ""
    """Name of the storage system."""
    secretRef: Required[LocalObjectReference | None] = None
    """Secret with the credentials."""
    sslEnabled: bool = False
    """Whether to speak TLS with the gateway."""
    protectionDomain: str = ""
    """Protection domain of the storage."""
    storagePool: str = ""
    """Storage pool in the domain."""
    storageMode: str = ""
    """``ThickProvisioned`` or ``ThinProvisioned`` (the default)."""
    volumeName: str = ""
    """Name of the volume."""
    fsType: str = ""
    """File system to mount; ``xfs`` by default."""
    readOnly: bool = False
    """Whether the mount is read-only."""


class StorageOSVolumeSource(Model):
    """A StorageOS volume."""

    volumeName: str = ""
    """Name of the volume."""
    volumeNamespace: str = ""
    """StorageOS namespace of the volume; the pod's when empty."""
    fsType: str = ""
    """File system to mount."""
    readOnly: bool = False
    """Whether the mount is read-only."""
    secretRef: LocalObjectReference | None = None
    """Secret with the credentials."""


class PortworxVolumeSource(Model):
    """A Portworx volume."""

    volumeID: Required[str] = ""
    """Identifier of the volume."""
    fsType: str = ""
    """File system to mount."""
    readOnly: bool = False
    """Whether the mount is read-only."""


class GCEPersistentDiskVolumeSource(Model):
    """A Google persistent disk."""

    pdName: Required[str] = ""
    """Name of the disk."""
    fsType: str = ""
    """File system to mount."""
    partition: Int32 = 0
    """Partition to mount; 0 is the whole disk."""
    readOnly: bool = False
    """Whether the mount is read-only."""


class AWSElasticBlockStoreVolumeSource(Model):
    """An Amazon EBS volume."""

    volumeID: Required[str] = ""
    """Identifier of the volume."""
    fsType: str = ""
    """File system to mount."""
    partition: Int32 = 0
    """Partition to mount; 0 is the whole disk."""
    readOnly: bool = False
    """Whether the mount is read-only."""


class AzureDiskVolumeSource(Model):
    """An Azure data disk."""

    diskName: Required[str] = ""
    """Name of the disk."""
    diskURI: Required[str] = ""
    """URI of the disk."""
    cachingMode: str | None = None
    """``None``, ``ReadOnly`` or ``ReadWrite`` (the default)."""
    fsType: str | None = None
    """File system to mount; ``ext4`` by default."""
    readOnly: bool | None = None
    """Whether the mount is read-only."""
    kind: str | None = None
    """``Shared`` (the default), ``Dedicated`` or ``Managed``."""


class AzureFileVolumeSource(Model):
    """An Azure file share."""

    secretName: Required[str] = ""
    """Secret with the account's name and key."""
    shareName: Required[str] = ""
    """Name of the share."""
    readOnly: bool = False
    """Whether the mount is read-only."""


class CinderVolumeSource(Model):
    """An OpenStack Cinder volume."""

    volumeID: Required[str] = ""
    """Identifier of the volume."""
    fsType: str = ""
    """File system to mount."""
    readOnly: bool = False
    """Whether the mount is read-only."""
    secretRef: LocalObjectReference | None = None
    """Secret with the credentials."""


class VsphereVirtualDiskVolumeSource(Model):
    """A vSphere disk."""

    volumePath: Required[str] = ""
    """Path of the disk."""
    fsType: str = ""
    """File system to mount."""
    storagePolicyName: str = ""
    """Name of the storage policy."""
    storagePolicyID: str = ""
    """Identifier of the storage policy."""


class PhotonPersistentDiskVolumeSource(Model):
    """A Photon disk."""

    pdID: Required[str] = ""
    """Identifier of the disk."""
    fsType: str = ""
    """File system to mount."""


class GitRepoVolumeSource(Model):
    """A clone of a git repository."""

    repository: Required[str] = ""
    """URL of the repository."""
    revision: str = ""
    """Commit to check out."""
    directory: str = ""
    """Directory to clone into; ``.`` is the volume itself."""
