"""Defaults of apiextensions/v1 (``SetDefaults_CustomResourceDefinition``)."""

from __future__ import annotations

from edgeorch.api.apiextensions.definition import CustomResourceConversion, CustomResourceDefinition


def default_definition(definition: CustomResourceDefinition) -> None:
    """Fill in what the client left out."""
    spec, names = definition.spec, definition.spec.names
    if not names.singular:
        names.singular = names.kind.lower()
    if not names.listKind and names.kind:
        names.listKind = f"{names.kind}List"
    if spec.conversion is None:
        spec.conversion = CustomResourceConversion(strategy="None")
    for version in spec.versions:
        if version.deprecated and version.deprecationWarning == "":
            version.deprecationWarning = None
