"""Validation of a container's environment."""

from __future__ import annotations

from collections.abc import Sequence

from edgeorch.api.core.container import EnvFromSource, EnvVar, EnvVarSource
from edgeorch.api.core.references import ConfigMapKeySelector, SecretKeySelector
from edgeorch.api.core.validation.downward import ENV_FIELDS, validate_object_field, validate_resource_field
from edgeorch.api.names import as_prefix, config_key_problems, dns_subdomain_problems, env_name_problems
from edgeorch.api.validation import FieldError, Path, bad, required

_ONE_ONLY = "may not have more than one field specified at a time"


def validate_env(variables: Sequence[EnvVar], path: Path) -> list[FieldError]:
    """Check ``env`` (``ValidateEnv``). The same name may stand there twice: the last one wins."""
    errors: list[FieldError] = []
    for number, variable in enumerate(variables):
        here = path.at(number)
        if not variable.name:
            errors.append(required(here.child("name")))
        else:
            errors += [bad(here.child("name"), variable.name, p) for p in env_name_problems(variable.name)]
        if variable.valueFrom is not None:
            errors += _validate_source(variable.valueFrom, variable.value, here.child("valueFrom"))
    return errors


def _validate_source(source: EnvVarSource, value: str, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if source.fieldRef is not None:
        errors += validate_object_field(source.fieldRef, path.child("fieldRef"), ENV_FIELDS)
    if source.resourceFieldRef is not None:
        here = path.child("resourceFieldRef")
        errors += validate_resource_field(source.resourceFieldRef, here, needs_container=False)
    if source.configMapKeyRef is not None:
        errors += _validate_key(source.configMapKeyRef, path.child("configMapKeyRef"))
    if source.secretKeyRef is not None:
        errors += _validate_key(source.secretKeyRef, path.child("secretKeyRef"))
    found = [name for name in type(source).model_fields if getattr(source, name) is not None]
    if not found:
        errors.append(
            bad(
                path,
                "",
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
            )
        )
    elif value:
        errors.append(bad(path, "", "may not be specified when `value` is not empty"))
    elif len(found) > 1:
        errors.append(bad(path, "", _ONE_ONLY))
    return errors


def _validate_key(selector: ConfigMapKeySelector | SecretKeySelector, path: Path) -> list[FieldError]:
    errors = [bad(path.child("name"), selector.name, p) for p in dns_subdomain_problems(selector.name)]
    if not selector.key:
        return [*errors, required(path.child("key"))]
    return errors + [bad(path.child("key"), selector.key, p) for p in config_key_problems(selector.key)]


def validate_env_from(sources: Sequence[EnvFromSource], path: Path) -> list[FieldError]:
    """Check ``envFrom`` (``ValidateEnvFrom``)."""
    errors: list[FieldError] = []
    for number, source in enumerate(sources):
        here = path.at(number)
        if source.prefix:
            errors += [bad(here.child("prefix"), source.prefix, p) for p in env_name_problems(source.prefix)]
        if source.configMapRef is not None:
            errors += _validate_name(source.configMapRef.name, here.child("configMapRef", "name"))
        if source.secretRef is not None:
            errors += _validate_name(source.secretRef.name, here.child("secretRef", "name"))
        if source.configMapRef is None and source.secretRef is None:
            errors.append(bad(here, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif source.configMapRef is not None and source.secretRef is not None:
            errors.append(bad(here, "", _ONE_ONLY))
    return errors


def _validate_name(name: str, path: Path) -> list[FieldError]:
    if not name:
        return [required(path)]
    return [bad(path, name, p) for p in as_prefix(dns_subdomain_problems)(name)]
