"""A container's environment ("Define Environment Variables for a Container")."""

from __future__ import annotations

from edgeorch.api.core.container import Container, EnvFromSource, EnvVarSource
from edgeorch.api.core.pod import Pod
from edgeorch_agent.pods.resolve.downward import Surroundings, field_text, resource_text
from edgeorch_agent.pods.resolve.errors import ConfigError
from edgeorch_agent.pods.resolve.expansion import expand
from edgeorch_agent.pods.resolve.inputs import Inputs, secret_bytes


def environment(pod: Pod, container: Container, inputs: Inputs, around: Surroundings) -> dict[str, str]:
    """Resolve ``envFrom`` and ``env``; later ones win. Raises ConfigError in kubelet's words."""
    result: dict[str, str] = {}
    for source in container.envFrom:
        result.update(_from_source(source, inputs))
    for variable in container.env:
        if variable.value or variable.valueFrom is None:
            result[variable.name] = expand(variable.value, result)
            continue
        value = _from_origin(pod, container, variable.valueFrom, inputs, around)
        if value is not None:
            result[variable.name] = value
    return result


def _from_source(source: EnvFromSource, inputs: Inputs) -> dict[str, str]:
    values: dict[str, str] = {}
    if source.configMapRef:
        found = inputs.config_map(source.configMapRef.name, optional=source.configMapRef.optional)
        values = found.data if found else {}
    elif source.secretRef:
        secret = inputs.secret(source.secretRef.name, optional=source.secretRef.optional)
        values = {k: _text(v) for k, v in secret_bytes(secret).items()} if secret else {}
    return {source.prefix + key: value for key, value in values.items()}


def _from_origin(
    pod: Pod, container: Container, origin: EnvVarSource, inputs: Inputs, around: Surroundings
) -> str | None:
    """Give a value; None leaves the variable out (an optional key that is not there)."""
    if origin.fieldRef:
        return field_text(pod, origin.fieldRef, around)
    if origin.resourceFieldRef:
        return resource_text(pod, container, origin.resourceFieldRef, around.node)
    namespace = pod.metadata.namespace
    if (key := origin.configMapKeyRef) is not None:
        found = inputs.config_map(key.name, optional=key.optional)
        if found is not None and key.key in found.data:
            return found.data[key.key]
        if key.optional:
            return None
        raise ConfigError(f"couldn't find key {key.key} in ConfigMap {namespace}/{key.name}")
    if (secret_key := origin.secretKeyRef) is not None:
        secret = inputs.secret(secret_key.name, optional=secret_key.optional)
        values = secret_bytes(secret) if secret else {}
        if secret_key.key in values:
            return _text(values[secret_key.key])
        if secret_key.optional:
            return None
        raise ConfigError(f"couldn't find key {secret_key.key} in Secret {namespace}/{secret_key.name}")
    raise ConfigError("environment files in volumes are not supported")


def _text(value: bytes) -> str:
    # An environment is bytes to the kernel; surrogates carry what is no UTF-8 through unharmed.
    return value.decode(errors="surrogateescape")
