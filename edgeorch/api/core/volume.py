"""Volumes of a pod, and the sources that edgeorch's nodes can mount.

Sources that need a cloud or a storage network live in :mod:`edgeorch.api.core.volume_network`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.core import volume_network as network
from edgeorch.api.core.persistent_volume_claim import NOT_BOUND, PersistentVolumeClaimTemplate
from edgeorch.api.core.references import ObjectFieldSelector
from edgeorch.api.core.requirements import ResourceFieldSelector
from edgeorch.api.meta import Int32, Int64, LabelSelector, Model, Required, Unsupported
from edgeorch.api.quantity import Quantity

NO_DRIVER = Unsupported("nodes have no driver for this kind of volume")


class KeyToPath(Model):
    """Puts one key into a file."""

    key: Required[str] = ""
    """The key."""
    path: Required[str] = ""
    """Relative path of the file; no ``..``."""
    mode: Int32 | None = None
    """Permission bits of the file, 0 to 0o777; the volume's ``defaultMode`` when absent."""


class EmptyDirVolumeSource(Model):
    """An empty directory that lives as long as the pod."""

    medium: str = ""
    """Empty for the node's disk, ``Memory`` for tmpfs."""
    sizeLimit: Annotated[Quantity | None, Unsupported("the size is not limited yet")] = None
    """The most it may hold."""


class HostPathVolumeSource(Model):
    """A file or directory of the node."""

    path: Required[str] = ""
    """Path on the node."""
    type: str | None = None
    """What must be there, or is made: ``DirectoryOrCreate``, ``Directory``, ``FileOrCreate``, ``File``,
    ``Socket``, ``CharDevice``, ``BlockDevice``; empty checks nothing."""


class ConfigMapVolumeSource(Model):
    """The keys of a ConfigMap as files."""

    name: str = ""
    """Name of the ConfigMap, in the pod's namespace."""
    items: list[KeyToPath] = Field(default_factory=list)
    """Which keys, and where; all of them under their own names when empty."""
    defaultMode: Int32 | None = None
    """Permission bits of the files; 0o644 by default."""
    optional: bool | None = None
    """Whether the pod may start without the ConfigMap or its keys."""


class SecretVolumeSource(Model):
    """The keys of a Secret as files, never on the node's disk."""

    secretName: str = ""
    """Name of the Secret, in the pod's namespace."""
    items: list[KeyToPath] = Field(default_factory=list)
    """Which keys, and where; all of them under their own names when empty."""
    defaultMode: Int32 | None = None
    """Permission bits of the files; 0o644 by default."""
    optional: bool | None = None
    """Whether the pod may start without the Secret or its keys."""


class DownwardAPIVolumeFile(Model):
    """Puts a field of the pod, or a resource of a container, into a file."""

    path: Required[str] = ""
    """Relative path of the file; no ``..``."""
    fieldRef: ObjectFieldSelector | None = None
    """The field: annotations, labels, name, namespace or uid."""
    resourceFieldRef: ResourceFieldSelector | None = None
    """The request or limit."""
    mode: Int32 | None = None
    """Permission bits of the file; the volume's ``defaultMode`` when absent."""


class DownwardAPIVolumeSource(Model):
    """Facts about the pod as files."""

    items: list[DownwardAPIVolumeFile] = Field(default_factory=list)
    """The files."""
    defaultMode: Int32 | None = None
    """Permission bits of the files; 0o644 by default."""


class ConfigMapProjection(Model):
    """The keys of a ConfigMap in a projected volume."""

    name: str = ""
    """Name of the ConfigMap, in the pod's namespace."""
    items: list[KeyToPath] = Field(default_factory=list)
    """Which keys, and where; all of them under their own names when empty."""
    optional: bool | None = None
    """Whether the pod may start without the ConfigMap or its keys."""


class SecretProjection(Model):
    """The keys of a Secret in a projected volume."""

    name: str = ""
    """Name of the Secret, in the pod's namespace."""
    items: list[KeyToPath] = Field(default_factory=list)
    """Which keys, and where; all of them under their own names when empty."""
    optional: bool | None = None
    """Whether the pod may start without the Secret or its keys."""


class DownwardAPIProjection(Model):
    """Facts about the pod in a projected volume."""

    items: list[DownwardAPIVolumeFile] = Field(default_factory=list)
    """The files."""


class ServiceAccountTokenProjection(Model):
    """A token of the pod's service account, renewed before it ends."""

    audience: str = ""
    """Who the token is for; the API server when empty."""
    expirationSeconds: Int64 | None = None
    """Seconds the token is valid; 3600 by default, at least 600."""
    path: Required[str] = ""
    """Relative path of the token file."""


class ClusterTrustBundleProjection(Model):
    """The certificates of ClusterTrustBundles as one file."""

    name: str | None = None
    """One bundle by name; excludes ``signerName``."""
    signerName: str | None = None
    """All bundles of this signer; excludes ``name``."""
    labelSelector: LabelSelector | None = None
    """Which bundles of the signer."""
    optional: bool | None = None
    """Whether the pod may start without them."""
    path: Required[str] = ""
    """Relative path of the file."""


class PodCertificateProjection(Model):
    """A key and certificate made for this pod, renewed before it ends."""

    signerName: Required[str] = ""
    """Signer that is asked for the certificate."""
    keyType: Required[str] = ""
    """Kind of key to make, such as ``ED25519``, ``ECDSAP256`` or ``RSA3072``."""
    maxExpirationSeconds: Int32 | None = None
    """The longest life of the certificate, in seconds."""
    credentialBundlePath: str = ""
    """Relative path of one file with key and certificates."""
    keyPath: str = ""
    """Relative path of the key alone."""
    certificateChainPath: str = ""
    """Relative path of the certificates alone."""
    userAnnotations: dict[str, str] = Field(default_factory=dict)
    """Passed to the signer as they are."""


class VolumeProjection(Model):
    """One source of a projected volume; exactly one is set."""

    secret: SecretProjection | None = None
    """Keys of a Secret."""
    downwardAPI: DownwardAPIProjection | None = None
    """Facts about the pod."""
    configMap: ConfigMapProjection | None = None
    """Keys of a ConfigMap."""
    serviceAccountToken: Annotated[
        ServiceAccountTokenProjection | None, Unsupported("service account tokens are not issued yet")
    ] = None
    """A token of the service account."""
    clusterTrustBundle: Annotated[
        ClusterTrustBundleProjection | None, Unsupported("cluster trust bundles are not served")
    ] = None
    """Certificates of ClusterTrustBundles."""
    podCertificate: Annotated[
        PodCertificateProjection | None, Unsupported("pod certificates are not issued")
    ] = None
    """A key and certificate for the pod."""


class ProjectedVolumeSource(Model):
    """Several sources in one directory."""

    sources: list[VolumeProjection] = Field(default_factory=list)
    """The sources."""
    defaultMode: Int32 | None = None
    """Permission bits of the files; 0o644 by default."""


class PersistentVolumeClaimVolumeSource(Model):
    """The volume a claim is bound to."""

    claimName: Required[str] = ""
    """Name of the claim, in the pod's namespace."""
    readOnly: bool = False
    """Whether all mounts are read-only."""


class EphemeralVolumeSource(Model):
    """A claim that is made for the pod and dies with it."""

    volumeClaimTemplate: PersistentVolumeClaimTemplate | None = None
    """The claim; it is called POD-VOLUME."""


class ImageVolumeSource(Model):
    """An OCI image or artifact, read-only."""

    reference: str = ""
    """Reference of the image."""
    pullPolicy: str = ""
    """``Always``, ``IfNotPresent`` or ``Never``, as for containers."""


class Volume(Model):
    """A directory or device that the pod's containers can mount; exactly one source is set."""

    name: Required[str] = ""
    """Name, a DNS label, unique in the pod."""
    hostPath: HostPathVolumeSource | None = None
    """A file or directory of the node."""
    emptyDir: EmptyDirVolumeSource | None = None
    """An empty directory that lives as long as the pod."""
    secret: SecretVolumeSource | None = None
    """The keys of a Secret as files."""
    configMap: ConfigMapVolumeSource | None = None
    """The keys of a ConfigMap as files."""
    downwardAPI: DownwardAPIVolumeSource | None = None
    """Facts about the pod as files."""
    projected: ProjectedVolumeSource | None = None
    """Several of the above in one directory."""
    persistentVolumeClaim: Annotated[PersistentVolumeClaimVolumeSource | None, Unsupported(NOT_BOUND)] = None
    """The volume a claim is bound to."""
    ephemeral: Annotated[EphemeralVolumeSource | None, Unsupported("claims are not made for pods yet")] = None
    """A claim that is made for the pod and dies with it."""
    image: Annotated[ImageVolumeSource | None, Unsupported("images are not mounted as volumes")] = None
    """An OCI image or artifact."""
    nfs: Annotated[network.NFSVolumeSource | None, NO_DRIVER] = None
    """An NFS export."""
    csi: Annotated[network.CSIVolumeSource | None, NO_DRIVER] = None
    """A volume of a CSI driver, made for the pod."""
    iscsi: Annotated[network.ISCSIVolumeSource | None, NO_DRIVER] = None
    """An iSCSI disk."""
    fc: Annotated[network.FCVolumeSource | None, NO_DRIVER] = None
    """A Fibre Channel disk."""
    flexVolume: Annotated[network.FlexVolumeSource | None, NO_DRIVER] = None
    """A volume of a FlexVolume driver; deprecated."""
    cephfs: Annotated[network.CephFSVolumeSource | None, NO_DRIVER] = None
    """A CephFS directory; deprecated."""
    rbd: Annotated[network.RBDVolumeSource | None, NO_DRIVER] = None
    """A Ceph RBD image; deprecated."""
    glusterfs: Annotated[network.GlusterfsVolumeSource | None, NO_DRIVER] = None
    """A GlusterFS volume; deprecated."""
    flocker: Annotated[network.FlockerVolumeSource | None, NO_DRIVER] = None
    """A Flocker dataset; deprecated."""
    quobyte: Annotated[network.QuobyteVolumeSource | None, NO_DRIVER] = None
    """A Quobyte volume; deprecated."""
    scaleIO: Annotated[network.ScaleIOVolumeSource | None, NO_DRIVER] = None
    """A ScaleIO volume; deprecated."""
    storageos: Annotated[network.StorageOSVolumeSource | None, NO_DRIVER] = None
    """A StorageOS volume; deprecated."""
    portworxVolume: Annotated[network.PortworxVolumeSource | None, NO_DRIVER] = None
    """A Portworx volume; deprecated."""
    gcePersistentDisk: Annotated[network.GCEPersistentDiskVolumeSource | None, NO_DRIVER] = None
    """A Google persistent disk; deprecated."""
    awsElasticBlockStore: Annotated[network.AWSElasticBlockStoreVolumeSource | None, NO_DRIVER] = None
    """An Amazon EBS volume; deprecated."""
    azureDisk: Annotated[network.AzureDiskVolumeSource | None, NO_DRIVER] = None
    """An Azure data disk; deprecated."""
    azureFile: Annotated[network.AzureFileVolumeSource | None, NO_DRIVER] = None
    """An Azure file share; deprecated."""
    cinder: Annotated[network.CinderVolumeSource | None, NO_DRIVER] = None
    """An OpenStack Cinder volume; deprecated."""
    vsphereVolume: Annotated[network.VsphereVirtualDiskVolumeSource | None, NO_DRIVER] = None
    """A vSphere disk; deprecated."""
    photonPersistentDisk: Annotated[network.PhotonPersistentDiskVolumeSource | None, NO_DRIVER] = None
    """A Photon disk; deprecated."""
    gitRepo: Annotated[network.GitRepoVolumeSource | None, NO_DRIVER] = None
    """A clone of a git repository; deprecated."""
