"""Validation of ConfigMaps, Secrets and service accounts."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.meta_validation import METADATA, immutable, validate_meta, validate_meta_update
from edgeorch.api.names import config_key_problems
from edgeorch.api.validation import FieldError, Path, bad, forbidden, required, too_long

MAX_BYTES = 1024 * 1024
"""All values of a ConfigMap or Secret together."""

SERVICE_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 - the name of a type
SERVICE_ACCOUNT_ANNOTATION = "kubernetes.io/service-account.name"

_DATA = Path("data")
_BINARY = Path("binaryData")
_WHOLE = Path("[]")
"""How Kubernetes writes the path of the object as a whole."""

_LOCKED = "field is immutable when `immutable` is set"
_NEEDED_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_JSON_TYPES = ("kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson")


def validate_config_map(config: ConfigMap) -> list[FieldError]:
    """Check a new ConfigMap (``ValidateConfigMap``)."""
    return validate_meta(config.metadata, namespaced=True) + _validate_config_data(config)


def validate_config_map_update(new: ConfigMap, old: ConfigMap) -> list[FieldError]:
    """Check a change of a ConfigMap (``ValidateConfigMapUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata)
    if old.immutable:
        errors += _validate_locked(new, old, ("data", "binaryData"))
    return errors + _validate_config_data(new)


def validate_secret(secret: Secret) -> list[FieldError]:
    """Check a new Secret, its ``stringData`` merged before (``ValidateSecret``)."""
    return validate_meta(secret.metadata, namespaced=True) + _validate_secret_data(secret)


def validate_secret_update(new: Secret, old: Secret) -> list[FieldError]:
    """Check a change of a Secret (``ValidateSecretUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata)
    errors += immutable(Path("type"), new.type, old.type)
    if old.immutable:
        errors += _validate_locked(new, old, ("data",))
    return errors + _validate_secret_data(new)


def validate_service_account(account: ServiceAccount) -> list[FieldError]:
    """Check a new service account (``ValidateServiceAccount``)."""
    return validate_meta(account.metadata, namespaced=True)


def validate_service_account_update(new: ServiceAccount, old: ServiceAccount) -> list[FieldError]:
    """Check a change of a service account (``ValidateServiceAccountUpdate``)."""
    return validate_meta_update(new.metadata, old.metadata)


def _validate_config_data(config: ConfigMap) -> list[FieldError]:
    errors: list[FieldError] = []
    for key in config.data:
        errors += [bad(_DATA.key(key), key, p) for p in config_key_problems(key)]
        if key in config.binaryData:
            errors.append(bad(_DATA.key(key), key, "duplicate of key present in binaryData"))
    for key in config.binaryData:
        errors += [bad(_BINARY.key(key), key, p) for p in config_key_problems(key)]
    if _text_bytes(config.data) + _decoded_bytes(config.binaryData) > MAX_BYTES:
        errors.append(too_long(_WHOLE, MAX_BYTES))
    return errors


def _validate_secret_data(secret: Secret) -> list[FieldError]:
    errors = [bad(_DATA.key(key), key, p) for key in secret.data for p in config_key_problems(key)]
    if _decoded_bytes(secret.data) > MAX_BYTES:
        errors.append(too_long(_DATA, MAX_BYTES))
    if secret.type == SERVICE_ACCOUNT_TOKEN and not secret.metadata.annotations.get(SERVICE_ACCOUNT_ANNOTATION):
        errors.append(required(METADATA.child("annotations").key(SERVICE_ACCOUNT_ANNOTATION)))
    if secret.type == "kubernetes.io/basic-auth" and not secret.data.keys() & {"username", "password"}:
        errors += [required(_DATA.key("username")), required(_DATA.key("password"))]
    for key in _NEEDED_KEYS.get(secret.type, ()):
        if key not in secret.data:
            errors.append(required(_DATA.key(key)))
        elif secret.type in _JSON_TYPES:
            errors += _validate_json(secret.data[key], _DATA.key(key))
    return errors


def _validate_json(encoded: str, path: Path) -> list[FieldError]:
    try:
        content = json.loads(base64.b64decode(encoded))
    except ValueError as exc:
        return [bad(path, "<secret contents redacted>", str(exc))]
    return (
        [] if isinstance(content, dict) else [bad(path, "<secret contents redacted>", "must be a JSON object")]
    )


def _validate_locked(
    new: ConfigMap | Secret, old: ConfigMap | Secret, fields: tuple[str, ...]
) -> list[FieldError]:
    errors: list[FieldError] = []
    if not new.immutable:
        errors.append(forbidden(Path("immutable"), _LOCKED))
    errors += [forbidden(Path(f), _LOCKED) for f in fields if getattr(new, f) != getattr(old, f)]
    return errors


def _text_bytes(data: Mapping[str, str]) -> int:
    return sum(len(text.encode()) for text in data.values())


def _decoded_bytes(data: Mapping[str, str]) -> int:
    return sum(len(base64.b64decode(text)) for text in data.values())
