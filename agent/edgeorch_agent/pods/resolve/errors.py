"""Why a pod cannot be turned into something the runtime can run, yet."""

from __future__ import annotations

from edgeorch.errors import EdgeorchError


class ConfigError(EdgeorchError):
    """A container refers to what is not there; kubelet's ``CreateContainerConfigError``."""


class MountError(EdgeorchError):
    """A volume cannot be set up; kubelet's ``FailedMount``."""

    def __init__(self, volume: str, message: str) -> None:
        super().__init__(f'MountVolume.SetUp failed for volume "{volume}" : {message}')
        self.volume = volume
