"""Validation of Ingresses and their classes (``pkg/apis/networking/validation``)."""

from __future__ import annotations

from collections.abc import Iterator

from edgeorch.api.meta_validation import immutable, validate_meta, validate_meta_update
from edgeorch.api.names import (
    dns_1035_problems,
    dns_label_problems,
    dns_subdomain_problems,
    ip_problems,
    port_name_problems,
    port_problems,
)
from edgeorch.api.networking.ingress import (
    HTTPIngressPath,
    Ingress,
    IngressBackend,
    IngressClass,
    IngressClassParametersReference,
    IngressRule,
    IngressServiceBackend,
    IngressSpec,
    IngressTLS,
)
from edgeorch.api.validation import FieldError, Path, bad, forbidden, not_supported, required, too_long

PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
SCOPES = ("Cluster", "Namespace")
_SPEC = Path("spec")
_MAX_CONTROLLER = 250
_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS = ("/..", "/.")


def validate_ingress(ingress: Ingress) -> list[FieldError]:
    """Check a new Ingress (``ValidateIngressCreate``)."""
    return [*validate_meta(ingress.metadata, namespaced=True), *_validate_spec(ingress.spec)]


def validate_ingress_update(new: Ingress, old: Ingress) -> list[FieldError]:
    """Check a changed Ingress (``ValidateIngressUpdate``)."""
    return [*validate_meta_update(new.metadata, old.metadata), *_validate_spec(new.spec)]


def validate_ingress_status_update(new: Ingress, old: Ingress) -> list[FieldError]:
    """Check a changed status (``ValidateIngressStatusUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata)
    for number, way in enumerate(new.status.loadBalancer.ingress):
        path = Path("status").child("loadBalancer", "ingress").at(number)
        if way.ip:
            errors += [bad(path.child("ip"), way.ip, problem) for problem in ip_problems(way.ip)]
        if way.hostname:
            here = path.child("hostname")
            errors += [bad(here, way.hostname, problem) for problem in dns_subdomain_problems(way.hostname)]
    return errors


def _validate_spec(spec: IngressSpec) -> Iterator[FieldError]:
    if not spec.rules and spec.defaultBackend is None:
        yield bad(_SPEC, spec.rules, "either `defaultBackend` or `rules` must be specified")
    if spec.defaultBackend is not None:
        yield from _validate_backend(spec.defaultBackend, _SPEC.child("defaultBackend"))
    for number, rule in enumerate(spec.rules):
        yield from _validate_rule(rule, _SPEC.child("rules").at(number))
    for number, tls in enumerate(spec.tls):
        yield from _validate_tls(tls, _SPEC.child("tls").at(number))
    if spec.ingressClassName is not None:
        for problem in dns_subdomain_problems(spec.ingressClassName):
            yield bad(_SPEC.child("ingressClassName"), spec.ingressClassName, problem)


def _validate_rule(rule: IngressRule, path: Path) -> Iterator[FieldError]:
    if rule.host:
        yield from _validate_host(rule.host, path.child("host"))
    if rule.http is not None:
        paths = path.child("http", "paths")
        if not rule.http.paths:
            yield required(paths)
        for index, one in enumerate(rule.http.paths):
            yield from _validate_path(one, paths.at(index))


def _validate_tls(tls: IngressTLS, path: Path) -> Iterator[FieldError]:
    for index, host in enumerate(tls.hosts):
        yield from _validate_host(host, path.child("hosts").at(index))
    if tls.secretName:
        for problem in dns_subdomain_problems(tls.secretName):
            yield bad(path.child("secretName"), tls.secretName, problem)


def _validate_host(host: str, path: Path) -> Iterator[FieldError]:
    if not ip_problems(host):
        yield bad(path, host, "must be a DNS name, not an IP address")
    for problem in dns_subdomain_problems(host.removeprefix("*.")):
        yield bad(path, host, problem)


def _validate_path(one: HTTPIngressPath, path: Path) -> Iterator[FieldError]:
    kind, where = one.pathType, path.child("path")
    if kind is None:
        yield required(path.child("pathType"), "pathType must be specified")
    elif kind not in PATH_TYPES:
        yield not_supported(path.child("pathType"), kind, PATH_TYPES)
    elif kind == "ImplementationSpecific":
        if one.path and not one.path.startswith("/"):
            yield bad(where, one.path, "must be an absolute path")
    elif not one.path.startswith("/"):
        yield bad(where, one.path, "must be an absolute path")
    elif one.path != "/":
        for text in _BAD_SEQUENCES:
            if text in one.path:
                yield bad(where, one.path, f"must not contain '{text}'")
        for text in _BAD_ENDS:
            if one.path.endswith(text):
                yield bad(where, one.path, f"cannot end with '{text}'")
    yield from _validate_backend(one.backend, path.child("backend"))


def _validate_backend(backend: IngressBackend, path: Path) -> Iterator[FieldError]:
    service = backend.service
    if service is not None and backend.resource is not None:
        yield bad(path, "", 'cannot set both "resource" and "service"')
    elif service is not None:
        yield from _validate_service(service, path)
    elif backend.resource is None:
        yield bad(path, "", "resource or service backend is required")
    else:
        for name in ("kind", "name"):
            if not getattr(backend.resource, name):
                yield required(path.child("resource", name))


def _validate_service(service: IngressServiceBackend, path: Path) -> Iterator[FieldError]:
    name, number = path.child("service", "name"), path.child("service", "port")
    if not service.name:
        yield required(name)
    for problem in dns_1035_problems(service.name) if service.name else ():
        yield bad(name, service.name, problem)
    port = service.port
    if port.name and port.number:
        yield bad(path, "", "cannot set both port name & port number")
    elif port.name:
        for problem in port_name_problems(port.name):
            yield bad(number.child("name"), port.name, problem)
    elif not port.number:
        yield required(path, "port name or number is required")
    else:
        for problem in port_problems(port.number):
            yield bad(number.child("number"), port.number, problem)


def validate_ingress_class(one: IngressClass) -> list[FieldError]:
    """Check a new class (``ValidateIngressClass``)."""
    return [*validate_meta(one.metadata, namespaced=False), *_validate_class(one)]


def validate_ingress_class_update(new: IngressClass, old: IngressClass) -> list[FieldError]:
    """Check a changed class (``ValidateIngressClassUpdate``)."""
    return [
        *validate_meta_update(new.metadata, old.metadata),
        *immutable(_SPEC.child("controller"), new.spec.controller, old.spec.controller),
        *_validate_class(new),
    ]


def _validate_class(one: IngressClass) -> Iterator[FieldError]:
    name, path = one.spec.controller, _SPEC.child("controller")
    if len(name) > _MAX_CONTROLLER:
        yield too_long(path, _MAX_CONTROLLER)
    domain, slash, rest = name.partition("/")
    if not slash or not rest:
        yield bad(path, name, 'must be a domain-prefixed path (such as "acme.io/foo")')
    else:
        for problem in dns_subdomain_problems(domain):
            yield bad(path, name, problem)
    if one.spec.parameters is not None:
        yield from _validate_parameters(one.spec.parameters, _SPEC.child("parameters"))


def _validate_parameters(settings: IngressClassParametersReference, path: Path) -> Iterator[FieldError]:
    for name in ("kind", "name"):
        if not getattr(settings, name):
            yield required(path.child(name), f"{name} is required")
    if settings.apiGroup is not None:
        for problem in dns_subdomain_problems(settings.apiGroup):
            yield bad(path.child("apiGroup"), settings.apiGroup, problem)
    space, here = settings.namespace, path.child("namespace")
    if settings.scope not in SCOPES:
        yield not_supported(path.child("scope"), settings.scope, SCOPES)
    elif settings.scope == "Namespace" and not space:
        yield required(here, '`parameters.scope` is set to "Namespace"')
    elif settings.scope == "Namespace" and space:
        for problem in dns_label_problems(space):
            yield bad(here, space, problem)
    elif space is not None:
        yield forbidden(here, '`parameters.scope` is set to "Cluster"')
