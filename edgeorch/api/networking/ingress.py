"""Ingresses: ways in for HTTP, and the classes of those who make them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.core.references import TypedLocalObjectReference
from edgeorch.api.meta import Int32, Model, Object, Unsupported

NO_CONTROLLER = "edgeorch brings no ingress controller; one that runs as a pod may act on it"
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
"""Annotation of the class that Ingresses get which name none."""
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
"""Annotation that named the class before there was a field for it."""


class ServiceBackendPort(Model):
    """A port of a Service, by name or by number."""

    atomic = True

    name: str = ""
    """Its name."""
    number: Int32 = 0
    """Its number."""


class IngressServiceBackend(Model):
    """A Service that answers."""

    name: str
    """Name of the Service, in the same namespace."""
    port: ServiceBackendPort = Field(default_factory=ServiceBackendPort)
    """Which of its ports."""


class IngressBackend(Model):
    """Who answers: a Service or some other object."""

    service: IngressServiceBackend | None = None
    """A Service."""
    resource: TypedLocalObjectReference | None = None
    """Another object that the controller knows what to do with."""


class HTTPIngressPath(Model):
    """Paths that one backend answers."""

    path: str = ""
    """The path, or its beginning."""
    pathType: str | None
    """``Exact``, ``Prefix`` or ``ImplementationSpecific``."""
    backend: IngressBackend
    """Who answers."""


class HTTPIngressRuleValue(Model):
    """What is answered by whom, by path."""

    paths: list[HTTPIngressPath]
    """The paths."""


class IngressRule(Model):
    """What is answered for one host."""

    host: str = ""
    """Name of the host; ``*.`` stands for one label before it; empty is every host."""
    http: HTTPIngressRuleValue | None = None
    """By path; absent sends everything to the default backend."""


class IngressTLS(Model):
    """A certificate for some hosts."""

    hosts: list[str] = Field(default_factory=list)
    """The hosts."""
    secretName: str = ""
    """Secret of type ``kubernetes.io/tls`` with certificate and key."""


class IngressSpec(Model):
    """What is answered by whom."""

    ingressClassName: str | None = None
    """Whose Ingress it is; the default class unless given."""
    defaultBackend: IngressBackend | None = None
    """Who answers what no rule is about."""
    tls: list[IngressTLS] = Field(default_factory=list)
    """Certificates."""
    rules: list[IngressRule] = Field(default_factory=list)
    """What is answered, by host."""


class IngressPortStatus(Model):
    """What became of one port."""

    port: Int32
    """Its number."""
    protocol: str
    """Its protocol."""
    error: str | None = None
    """What is wrong with it, in CamelCase."""


class IngressLoadBalancerIngress(Model):
    """A way in."""

    ip: str = ""
    """Its address."""
    hostname: str = ""
    """Its name."""
    ports: list[IngressPortStatus] = Field(default_factory=list)
    """What became of its ports."""


class IngressLoadBalancerStatus(Model):
    """The ways in."""

    ingress: list[IngressLoadBalancerIngress] = Field(default_factory=list)
    """One for each address."""


class IngressStatus(Model):
    """What became of an Ingress."""

    loadBalancer: IngressLoadBalancerStatus = Field(default_factory=IngressLoadBalancerStatus)
    """The ways in that there are."""


class Ingress(Object):
    """A way in for HTTP from outside of the cluster."""

    spec: Annotated[IngressSpec, Unsupported(NO_CONTROLLER)] = Field(default_factory=IngressSpec)
    """What is answered by whom."""
    status: IngressStatus = Field(default_factory=IngressStatus)
    """What became of it."""


class IngressClassParametersReference(Model):
    """An object with settings for a controller."""

    apiGroup: str | None = None
    """Its API group; absent for core."""
    kind: str
    """Its kind."""
    name: str
    """Its name."""
    scope: str | None = None
    """``Cluster`` (the default) or ``Namespace``."""
    namespace: str | None = None
    """Its namespace, for the latter scope."""


class IngressClassSpec(Model):
    """Who makes Ingresses of a class, and with which settings."""

    controller: str = ""
    """Name of the controller, with a domain; cannot change."""
    parameters: IngressClassParametersReference | None = None
    """Its settings."""


class IngressClass(Object):
    """A class of Ingresses: all that one controller makes."""

    spec: IngressClassSpec = Field(default_factory=IngressClassSpec)
    """Who makes them."""
