"""Who may ask for certificates, approve them and sign them (``plugin/pkg/admission/certificates``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from edgeorch.api.certificates.signing_request import (
    GROUP,
    KUBE_APISERVER_CLIENT,
    CertificateSigningRequest,
)
from edgeorch.api.certificates.validation import request_pem
from edgeorch.api.meta import format_time
from edgeorch.pki import PkiError, request_subject
from edgeorch_server.access.attributes import MASTERS, is_master
from edgeorch_server.access.attributes import Attributes as Asked
from edgeorch_server.registry.admission.base import Attributes, Lookup, Operation
from edgeorch_server.registry.admission.policies import current_policy
from edgeorch_server.registry.messages import quote


class CertificateRequests:
    """Writes down who asks; asks for the verbs ``approve`` and ``sign`` on the signer; makes no new masters."""

    def __init__(self, objects: Lookup, now: Callable[[], dt.datetime]) -> None:
        self._objects = objects
        self._now = now

    def admit(self, write: Attributes) -> None:
        """Complete or check a request; raises Forbidden."""
        request, old = write.obj, write.old
        if not isinstance(request, CertificateSigningRequest):
            return
        if write.operation is Operation.CREATE:
            self._create(write, request)
        elif isinstance(old, CertificateSigningRequest) and write.subresource:
            self._decide(write, request, old)

    def _create(self, write: Attributes, request: CertificateSigningRequest) -> None:
        spec, user = request.spec, write.user
        spec.username, spec.uid, spec.groups = user.name, user.uid, list(user.groups)
        spec.extra = {key: list(values) for key, values in user.extra.items()}
        if spec.signerName != KUBE_APISERVER_CLIENT:
            return
        try:
            groups = request_subject(request_pem(request)).groups
        except PkiError:
            return  # validation says what is wrong with it
        if MASTERS in groups:
            raise write.forbidden(f"use of {spec.signerName} signer with {MASTERS} group is not allowed")

    def _decide(
        self, write: Attributes, request: CertificateSigningRequest, old: CertificateSigningRequest
    ) -> None:
        if request.status != old.status:
            verb = "approve" if write.subresource == "approval" else "sign"
            if not self._may(write, verb, old.spec.signerName):
                signer = quote(old.spec.signerName)
                raise write.forbidden(f"user not permitted to {verb} requests with signerName {signer}")
        now = format_time(self._now())
        for condition in request.status.conditions:
            condition.lastUpdateTime = condition.lastUpdateTime or now
            condition.lastTransitionTime = condition.lastTransitionTime or now

    def _may(self, write: Attributes, verb: str, signer: str) -> bool:
        """Ask for the signer by name, then for all of its domain."""
        if is_master(write.user):
            return True
        policy = current_policy(self._objects, "")
        return any(
            policy.allows(Asked(write.user, verb, GROUP, "signers", name=name))
            for name in (signer, f"{signer.partition('/')[0]}/*")
        )
