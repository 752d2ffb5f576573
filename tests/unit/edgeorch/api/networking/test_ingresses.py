"""Ingresses and their classes: defaults and validation."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.networking.defaults import default_ingress_class
from edgeorch.api.networking.ingress import Ingress, IngressClass
from edgeorch.api.networking.validation import (
    validate_ingress,
    validate_ingress_class,
    validate_ingress_class_update,
)

WEB = {"service": {"name": "web", "port": {"number": 80}}}


def ingress(*paths: dict[str, Any], **spec: Any) -> Ingress:
    rules = [{"host": "a.example", "http": {"paths": list(paths)}}] if paths else []
    body = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"rules": rules, **spec}}
    return Ingress.from_dict(body)


def path(text: str = "/", kind: str | None = "Prefix", backend: dict[str, Any] = WEB) -> dict[str, Any]:
    return {"path": text, "pathType": kind, "backend": backend}


@pytest.mark.parametrize(
    ("made", "errors"),
    [
        pytest.param(ingress(path()), [], id="valid"),
        pytest.param(ingress(defaultBackend=WEB), [], id="default backend"),
        pytest.param(ingress(path("", "ImplementationSpecific")), [], id="no path"),
        pytest.param(
            ingress(),
            ["spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"],
            id="nothing",
        ),
        pytest.param(
            ingress(path(kind=None)),
            ["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"],
            id="no type",
        ),
        pytest.param(
            ingress(path(kind="Regex")),
            [
                (
                    'spec.rules[0].http.paths[0].pathType: Unsupported value: "Regex": supported values: "Exact", '
                    '"ImplementationSpecific", "Prefix"'
                )
            ],
            id="type",
        ),
        pytest.param(
            ingress(path("a")),
            ['spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path'],
            id="relative",
        ),
        pytest.param(
            ingress(path("/a/../b/..")),
            [
                "spec.rules[0].http.paths[0].path: Invalid value: \"/a/../b/..\": must not contain '/../'",
                "spec.rules[0].http.paths[0].path: Invalid value: \"/a/../b/..\": cannot end with '/..'",
            ],
            id="climbing",
        ),
        pytest.param(
            ingress(path(backend={})),
            ['spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required'],
            id="no backend",
        ),
        pytest.param(
            ingress(path(backend={"service": {"name": "web"}})),
            ["spec.rules[0].http.paths[0].backend: Required value: port name or number is required"],
            id="no port",
        ),
        pytest.param(
            ingress(defaultBackend={**WEB, "resource": {"kind": "Bucket", "name": "b"}}),
            ['spec.defaultBackend: Invalid value: "": cannot set both "resource" and "service"'],
            id="two backends",
        ),
        pytest.param(
            ingress(path(), tls=[{"hosts": ["10.0.0.1"]}]),
            ['spec.tls[0].hosts[0]: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
            id="address",
        ),
    ],
)
def test_ingresses(made: Ingress, errors: list[str]) -> None:
    """Each clause of ``ValidateIngress``, in Kubernetes' words."""
    assert [str(error) for error in validate_ingress(made)] == errors


def ingress_class(**spec: Any) -> IngressClass:
    made = IngressClass.from_dict({"metadata": {"name": "nginx"}, "spec": {"controller": "a.io/nginx", **spec}})
    default_ingress_class(made)
    return made


SETTINGS = {"kind": "Settings", "name": "s"}


@pytest.mark.parametrize(
    ("made", "errors"),
    [
        pytest.param(ingress_class(parameters=SETTINGS), [], id="valid"),
        pytest.param(
            ingress_class(controller="nginx"),
            ['spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")'],
            id="controller",
        ),
        pytest.param(
            ingress_class(parameters={**SETTINGS, "scope": "Namespace"}),
            ['spec.parameters.namespace: Required value: `parameters.scope` is set to "Namespace"'],
            id="namespace wanted",
        ),
        pytest.param(
            ingress_class(parameters={**SETTINGS, "namespace": "a"}),
            ['spec.parameters.namespace: Forbidden: `parameters.scope` is set to "Cluster"'],
            id="namespace not wanted",
        ),
    ],
)
def test_classes(made: IngressClass, errors: list[str]) -> None:
    """Each clause of ``ValidateIngressClass``; settings are the cluster's unless said otherwise."""
    assert [str(error) for error in validate_ingress_class(made)] == errors


def test_the_controller_stays() -> None:
    """Ingresses of a class keep whom they belong to."""
    assert [
        str(e) for e in validate_ingress_class_update(ingress_class(controller="b.io/x"), ingress_class())
    ] == ['spec.controller: Invalid value: "b.io/x": field is immutable']
