"""ConfigMaps and Secrets: configuration that pods consume."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.base64_text import Base64
from edgeorch.api.meta import Object


class ConfigMap(Object):
    """Configuration that is no secret."""

    immutable: bool | None = None
    """Whether the data can never be changed; cannot be taken back."""
    data: dict[str, str] = Field(default_factory=dict)
    """Texts by key; a key is letters, digits, ``-``, ``_`` and ``.``."""
    binaryData: dict[str, Base64] = Field(default_factory=dict)
    """Bytes by key, in base64; keys differ from those of ``data``."""


class Secret(Object):
    """Configuration that is secret; reaches only nodes that run a pod that needs it."""

    immutable: bool | None = None
    """Whether the data can never be changed; cannot be taken back."""
    data: dict[str, Base64] = Field(default_factory=dict)
    """Bytes by key, in base64."""
    stringData: dict[str, str] = Field(default_factory=dict)
    """Texts by key, merged into ``data`` on writing and never read back."""
    type: str = ""
    """What the data is for, such as ``kubernetes.io/dockerconfigjson``; ``Opaque`` by default."""
