"""Validation of CustomResourceDefinitions (``pkg/apis/apiextensions/validation/validation.go``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from edgeorch.api.apiextensions.definition import (
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion,
    CustomResourceSubresourceScale,
)
from edgeorch.api.apiextensions.structural import check_root
from edgeorch.api.custom.json_path import BadPath, JsonPath
from edgeorch.api.meta_validation import immutable, validate_meta, validate_meta_update
from edgeorch.api.names import dns_1035_problems, dns_subdomain_problems
from edgeorch.api.validation import (
    FieldError,
    Path,
    bad,
    duplicate,
    forbidden,
    not_supported,
    required,
    too_many,
)

SCOPES = ("Cluster", "Namespaced")
STRATEGIES = ("None", "Webhook")
COLUMN_TYPES = ("integer", "number", "string", "boolean", "date")
COLUMN_FORMATS = ("int32", "int64", "float", "double", "byte", "date", "date-time", "password")
SELECTABLE_TYPES = ("string", "boolean", "integer")
MAX_SELECTABLE = 8
APPROVAL = "api-approved.kubernetes.io"
_PROTECTED = (".k8s.io", ".kubernetes.io")
_SPEC = Path("spec")


def validate_definition(definition: CustomResourceDefinition) -> list[FieldError]:
    """Check a new definition."""
    errors = validate_meta(definition.metadata, namespaced=False, any_finalizer=True)
    return [*errors, *_check_name(definition), *_check_spec(definition.spec), *_check_approval(definition)]


def validate_definition_update(
    new: CustomResourceDefinition, old: CustomResourceDefinition
) -> list[FieldError]:
    """Check a changed definition: its name never changes, nor where its objects are once there may be any."""
    spec, before = new.spec, old.spec
    errors = validate_meta_update(new.metadata, old.metadata, any_finalizer=True)
    errors += _check_spec(spec)
    errors += immutable(_SPEC.child("group"), spec.group, before.group)
    errors += immutable(_SPEC.child("names", "plural"), spec.names.plural, before.names.plural)
    if old.condition("Established") == "True":
        errors += immutable(_SPEC.child("scope"), spec.scope, before.scope)
        errors += immutable(_SPEC.child("names", "kind"), spec.names.kind, before.names.kind)
    return [*errors, *_check_stored(new)]


def validate_definition_status(
    new: CustomResourceDefinition, old: CustomResourceDefinition
) -> list[FieldError]:
    """Check a changed status."""
    errors = validate_meta_update(new.metadata, old.metadata, any_finalizer=True)
    return [*errors, *_check_stored(new)]


def _check_name(definition: CustomResourceDefinition) -> Iterator[FieldError]:
    spec, name = definition.spec, definition.metadata.name
    if name != f"{spec.names.plural}.{spec.group}":
        yield bad("metadata.name", name, 'must be spec.names.plural+"."+spec.group')


def _check_approval(definition: CustomResourceDefinition) -> Iterator[FieldError]:
    """Check that its community has approved what is to be one of Kubernetes' own groups."""
    if definition.spec.group.endswith(_PROTECTED) and not definition.metadata.annotations.get(APPROVAL):
        why = "protected groups must have approval annotation"
        yield required(
            f"metadata.annotations[{APPROVAL}]",
            f'{why} "{APPROVAL}", see https://github.com/kubernetes/enhancements/pull/1111',
        )


def _check_spec(spec: CustomResourceDefinitionSpec) -> Iterator[FieldError]:
    group = _SPEC.child("group")
    if not spec.group:
        yield required(group)
    elif problems := dns_subdomain_problems(spec.group):
        yield bad(group, spec.group, ",".join(problems))
    elif "." not in spec.group:
        yield bad(group, spec.group, "should be a domain with at least one dot")
    if spec.scope not in SCOPES:
        yield (
            not_supported(_SPEC.child("scope"), spec.scope, SCOPES)
            if spec.scope
            else required(_SPEC.child("scope"))
        )
    yield from _check_names(spec.names, _SPEC.child("names"))
    if spec.preserveUnknownFields:
        instead = "set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        place = _SPEC.child("preserveUnknownFields")
        yield bad(place, spec.preserveUnknownFields, f"cannot set to true, {instead}")
    yield from _check_conversion(spec)
    yield from _check_versions(spec.versions, _SPEC.child("versions"))


def _check_names(names: CustomResourceDefinitionNames, path: Path) -> Iterator[FieldError]:
    words = [("plural", names.plural), ("singular", names.singular)]
    words += [(f"shortNames[{index}]", name) for index, name in enumerate(names.shortNames)]
    words += [(f"categories[{index}]", name) for index, name in enumerate(names.categories)]
    for name, word in words:
        if problems := dns_1035_problems(word):
            yield bad(path.child(name), word, ",".join(problems))
    for name, word in (("kind", names.kind), ("listKind", names.listKind)):
        if not word:
            yield required(path.child(name))
        elif problems := dns_1035_problems(word.lower()):
            why = f"may have mixed case, but should otherwise match: {','.join(problems)}"
            yield bad(path.child(name), word, why)
    if names.kind and names.kind == names.listKind:
        yield bad(path.child("listKind"), names.listKind, "kind and listKind may not be the same")


def _check_conversion(spec: CustomResourceDefinitionSpec) -> Iterator[FieldError]:
    conversion, path = spec.conversion, _SPEC.child("conversion")
    if conversion is None:
        return
    if conversion.strategy not in STRATEGIES:
        yield not_supported(path.child("strategy"), conversion.strategy, STRATEGIES)
    if conversion.strategy == "Webhook":
        if conversion.webhook is None or conversion.webhook.clientConfig is None:
            place = path.child("webhook", "clientConfig") if conversion.webhook else path.child("webhook")
            yield required(place, "required when strategy is set to Webhook")
    elif conversion.webhook is not None:
        yield forbidden(path.child("webhook"), "should not be set when strategy is not set to Webhook")


def _check_versions(versions: Sequence[CustomResourceDefinitionVersion], path: Path) -> Iterator[FieldError]:
    names = [version.name for version in versions]
    if any(count > 1 for count in Counter(names).values()):
        yield bad(path, names, "must contain unique version names")
    if [version.storage for version in versions].count(True) != 1:
        yield bad(path, names, "must have exactly one version marked as storage version")
    for index, version in enumerate(versions):
        yield from _check_version(version, path.at(index))


def _check_version(version: CustomResourceDefinitionVersion, path: Path) -> Iterator[FieldError]:
    if problems := dns_1035_problems(version.name):
        yield bad(path.child("name"), version.name, ",".join(problems))
    if version.deprecationWarning is not None and not version.deprecated:
        yield bad(
            path.child("deprecationWarning"),
            version.deprecationWarning,
            "can only be set for deprecated versions",
        )
    schema = version.schema_.openAPIV3Schema if version.schema_ else None
    place = path.child("schema", "openAPIV3Schema")
    if schema is None:
        yield required(place, "schemas are required")
    else:
        yield from check_root(schema, place)
    for index, column in enumerate(version.additionalPrinterColumns):
        where = path.child("additionalPrinterColumns").at(index)
        for name in ("name", "type", "jsonPath"):
            if not getattr(column, name):
                yield required(where.child(name))
        if column.type and column.type not in COLUMN_TYPES:
            yield bad(where.child("type"), column.type, f"must be one of {','.join(COLUMN_TYPES)}")
        if column.format and column.format not in COLUMN_FORMATS:
            yield bad(where.child("format"), column.format, f"must be one of {','.join(COLUMN_FORMATS)}")
        if column.jsonPath:
            yield from _check_path(column.jsonPath, where.child("jsonPath"))
    if version.subresources and version.subresources.scale:
        yield from _check_scale(version.subresources.scale, path.child("subresources", "scale"))
    yield from _check_selectable(version, path.child("selectableFields"))


def _check_path(text: str, path: Path) -> Iterator[FieldError]:
    if not text.startswith("."):
        yield bad(path, text, "must be a simple json path starting with .")
        return
    try:
        JsonPath.parse(text)
    except BadPath as exc:
        yield bad(path, text, str(exc))


def _check_scale(scale: CustomResourceSubresourceScale, path: Path) -> Iterator[FieldError]:
    where: dict[str, tuple[str, tuple[str, ...]]] = {
        "specReplicasPath": (scale.specReplicasPath, ("spec",)),
        "statusReplicasPath": (scale.statusReplicasPath, ("status",)),
    }
    if scale.labelSelectorPath:
        where["labelSelectorPath"] = (scale.labelSelectorPath, ("spec", "status"))
    for name, (text, roots) in where.items():
        place = path.child(name)
        found = [*_check_path(text, place)] if text else [required(place)]
        yield from found
        members = () if found else JsonPath.parse(text).members or ()
        if not found and (len(members) < 2 or members[0] not in roots):  # noqa: PLR2004 - a root and a field
            wanted = " or ".join(f".{root}" for root in roots)
            yield bad(place, text, f"should be a json path under {wanted}")


def _check_selectable(version: CustomResourceDefinitionVersion, path: Path) -> Iterator[FieldError]:
    fields = version.selectableFields
    if len(fields) > MAX_SELECTABLE:
        yield too_many(path, len(fields), MAX_SELECTABLE)
    seen: set[str] = set()
    for index, field in enumerate(fields):
        place = path.at(index).child("jsonPath")
        if not field.jsonPath:
            yield required(place)
            continue
        if field.jsonPath in seen:
            yield duplicate(place, field.jsonPath)
        seen.add(field.jsonPath)
        yield from _check_selectable_path(version, field.jsonPath, place)


def _check_selectable_path(
    version: CustomResourceDefinitionVersion, text: str, path: Path
) -> Iterator[FieldError]:
    errors = [*_check_path(text, path)]
    yield from errors
    members = () if errors else JsonPath.parse(text).members
    schema = version.schema_.openAPIV3Schema if version.schema_ else None
    if errors or schema is None:
        return
    if members and members[0] == "metadata":
        yield bad(path, text, "must not point to fields in metadata")
        return
    for name in members or ():
        schema = schema.properties.get(name) if schema else None
    if not members or schema is None or schema.type not in SELECTABLE_TYPES:
        yield bad(path, text, "must point to a field of type string, boolean or integer")


def _check_stored(definition: CustomResourceDefinition) -> Iterator[FieldError]:
    path, names = Path("status.storedVersions"), [version.name for version in definition.spec.versions]
    stored = definition.status.storedVersions
    for index, name in enumerate(stored):
        if name not in names:
            yield bad(
                path.at(index),
                name,
                f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                "spec.versions until a storage migration ensures no data remains persisted in that version and "
                "removes it from status.storedVersions",
            )
