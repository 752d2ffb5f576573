"""References from one object to another, or to one key of it."""

from __future__ import annotations

from edgeorch.api.meta import Model, Required


class LocalObjectReference(Model):
    """Names an object in the same namespace."""

    atomic = True

    name: str = ""
    """Name of the object."""


class ObjectReference(Model):
    """Names any object, or a part of one."""

    atomic = True

    apiVersion: str = ""
    """API version of the object."""
    kind: str = ""
    """Kind of the object."""
    namespace: str = ""
    """Namespace of the object; empty for cluster-scoped kinds."""
    name: str = ""
    """Name of the object."""
    uid: str = ""
    """UID of the object, to tell it from a namesake."""
    resourceVersion: str = ""
    """The version that is meant, if one in particular is."""
    fieldPath: str = ""
    """The part that is meant, such as ``spec.containers{web}``."""


class TypedLocalObjectReference(Model):
    """Names an object of a given kind in the same namespace."""

    atomic = True

    apiGroup: str | None = None
    """API group of the object; absent for core."""
    kind: Required[str] = ""
    """Kind of the object."""
    name: Required[str] = ""
    """Name of the object."""


class TypedObjectReference(Model):
    """Names an object of a given kind, possibly in another namespace."""

    apiGroup: str | None = None
    """API group of the object; absent for core."""
    kind: Required[str] = ""
    """Kind of the object."""
    name: Required[str] = ""
    """Name of the object."""
    namespace: str | None = None
    """Namespace of the object; absent means the referrer's own."""


class ConfigMapKeySelector(Model):
    """Picks one key of a ConfigMap."""

    atomic = True

    name: str = ""
    """Name of the ConfigMap, in the pod's namespace."""
    key: Required[str] = ""
    """Key in its ``data``."""
    optional: bool | None = None
    """Whether the container may start without the ConfigMap or the key."""


class SecretKeySelector(Model):
    """Picks one key of a Secret."""

    atomic = True

    name: str = ""
    """Name of the Secret, in the pod's namespace."""
    key: Required[str] = ""
    """Key in its ``data``."""
    optional: bool | None = None
    """Whether the container may start without the Secret or the key."""


class FileKeySelector(Model):
    """Picks one variable of an environment file in a volume."""

    atomic = True

    volumeName: Required[str] = ""
    """Name of the pod's volume that holds the file."""
    path: Required[str] = ""
    """Path of the file, relative to the volume."""
    key: Required[str] = ""
    """Name of the variable in the file."""
    optional: bool | None = None
    """Whether the container may start without the file or the key."""


class ObjectFieldSelector(Model):
    """Picks a field of the pod itself (downward API)."""

    atomic = True

    apiVersion: str = ""
    """Version the path is written in; ``v1`` when empty."""
    fieldPath: Required[str] = ""
    """The field: ``metadata.name``, ``metadata.labels['app']``, ``status.podIP``..."""
