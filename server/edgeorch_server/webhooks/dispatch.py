"""Asks all webhooks that want to see a write, in Kubernetes' order, and makes one word of their answers.

Those that may change the object are asked one after the other, once more where another has changed it after
them and they wish so; those that may only refuse it are asked at the same time (``mutating`` and ``validating``
dispatchers of ``k8s.io/apiserver/pkg/admission/plugin/webhook``).
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from edgeorch.api.core.resources import NAMESPACES
from edgeorch.api.meta import Object
from edgeorch.api.patch import json_patch
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch.errors import ApiError, BadRequest
from edgeorch_server.registry import messages
from edgeorch_server.registry.admission.base import Lookup
from edgeorch_server.registry.gate import Request
from edgeorch_server.registry.steps import Heard, Pause
from edgeorch_server.webhooks import failures
from edgeorch_server.webhooks.answers import GROUP, Answer, read_answer
from edgeorch_server.webhooks.caller import Caller
from edgeorch_server.webhooks.configurations import Configurations
from edgeorch_server.webhooks.failures import CallFailed
from edgeorch_server.webhooks.hooks import Hook
from edgeorch_server.webhooks.subject import Subject

ALL_TOGETHER = 34.0
"""Seconds that all webhooks of one write may take (``requestTimeoutUpperBound``)."""

MAX_OBJECT = 3 * 1024 * 1024
"""Bytes of an object that webhooks may make; as much as a client may send."""

_EXEMPT = "admissionregistration.k8s.io"
_VERSIONS = ("v1", "v1beta1")
_SAFE_TO_TRY = frozenset({"None", "NoneOnDryRun"})
_ROUNDS = 2

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Rounds:
    """Who is to be asked once more (``webhookReinvokeContext``)."""

    asked: set[int] = field(default_factory=set)
    """Positions of those who wish it and have been asked since the object last changed."""
    again: set[int] = field(default_factory=set)
    changed: bool = False

    def note(self, position: int, hook: Hook, *, changed: bool) -> None:
        """Take note of an answer; what a webhook changes itself is no reason to ask it again."""
        if changed:
            self.object_changed()
            self.changed = True
        if hook.reinvoke:
            self.asked.add(position)

    def object_changed(self) -> None:
        """Let all be asked again who have not seen the object as it is."""
        self.again |= self.asked
        self.asked = set()


class AdmissionWebhooks:
    """Implements :class:`edgeorch_server.registry.gate.Webhooks` by what is configured.

    ``table`` is all that is served, for other versions of a kind.
    """

    def __init__(
        self,
        objects: Lookup,
        table: ResourceTable,
        caller: Caller,
        new_uid: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._objects = objects
        self._table = table
        self._caller = caller
        self._new_uid = new_uid
        self._configured = Configurations(objects)

    def wanted(self, request: Request, pause: Pause) -> bool:
        """Say whether the rules of any webhook are about this; selectors are looked at when it is asked."""
        hooks = self._hooks(pause)
        if not hooks or request.resource.group == _EXEMPT:
            return False
        return any(self._version(hook, request, pause) for hook in hooks)

    async def ask(self, request: Request, pause: Pause) -> Heard:
        """Ask them; raises Denied, BadRequest, NotFound, InternalError and GatewayTimeout."""
        hooks, subject = self._hooks(pause), Subject(request, pause.write)
        try:
            async with asyncio.timeout(ALL_TOGETHER):
                if pause.complete:
                    return await self._change(hooks, subject, pause, pause.complete)
                await self._refuse(hooks, subject, pause)
        except TimeoutError as exc:
            raise failures.too_slow() from exc
        return Heard()

    def _hooks(self, pause: Pause) -> Sequence[Hook]:
        return self._configured.mutating() if pause.complete else self._configured.validating()

    async def _change(
        self, hooks: Sequence[Hook], subject: Subject, pause: Pause, complete: Callable[[Object], None]
    ) -> Heard:
        """Ask one after the other; the built-in plugins complete what was changed, before the second round."""
        rounds, ever_changed = _Rounds(), False
        for number in range(_ROUNDS):
            rounds.changed = False
            for position, hook in enumerate(hooks):
                if number and position not in rounds.again:
                    continue
                changed = await self._change_once(hook, subject, pause, f"round_{number}_index_{position}")
                if changed is not None:
                    rounds.note(position, hook, changed=changed)
            if not rounds.changed:
                break
            ever_changed = True
            assert subject.obj is not None, "what was changed is there"
            before = subject.obj.to_json()
            complete(subject.obj)
            if subject.obj.to_json() != before:
                rounds.object_changed()
        return Heard(subject.obj if ever_changed else None)

    async def _change_once(self, hook: Hook, subject: Subject, pause: Pause, place: str) -> bool | None:
        """Ask one that may change the object; says whether it did, or None where it does not want to see it."""
        version = self._selected(hook, subject, pause)
        if version is None:
            return None
        changed = False
        try:
            answer = await self._call(hook, subject, version, mutating=True)
            changed = answer is not None and self._patch(hook, subject, version, answer)
        except CallFailed as exc:
            self._fail(hook, subject, exc, f"failed-open.mutating.webhook.admission.k8s.io/{place}")
        told = {"configuration": hook.configuration, "webhook": hook.name, "mutated": changed}
        noted = json.dumps(told, separators=(",", ":"))
        subject.request.options.audit[f"mutation.webhook.admission.k8s.io/{place}"] = noted
        return changed

    async def _refuse(self, hooks: Sequence[Hook], subject: Subject, pause: Pause) -> None:
        """Ask all at once; when all have answered, the first refusal stands."""
        wanting = [
            (hook, subject, version, f"round_0_index_{position}")
            for position, hook in enumerate(hooks)
            if (version := self._selected(hook, subject, pause))
        ]
        if len(wanting) == 1:
            await self._confirm(*wanting[0])
            return
        refusals = await asyncio.gather(*(_refusal(self._confirm(*one)) for one in wanting))
        if first := next(filter(None, refusals), None):
            raise first

    async def _confirm(self, hook: Hook, subject: Subject, version: ResourceInfo[Object], place: str) -> None:
        try:
            await self._call(hook, subject, version, mutating=False)
        except CallFailed as exc:
            self._fail(hook, subject, exc, f"failed-open.validating.webhook.admission.k8s.io/{place}")

    def _version(self, hook: Hook, request: Request, pause: Pause) -> ResourceInfo[Object] | None:
        write = pause.write
        return hook.version_for(str(write.operation), request.resource, write.subresource, self._table)

    def _selected(self, hook: Hook, subject: Subject, pause: Pause) -> ResourceInfo[Object] | None:
        """Give the version in which a webhook is shown this; None where it does not want to see it.

        Raises NotFound for a namespace that is not there, and Forbidden where conditions cannot be evaluated
        (``ShouldCallHook``).
        """
        if not (self._in_namespace(hook, subject) and _object_selected(hook, subject)):
            return None
        version = self._version(hook, subject.request, pause)
        if version is None or not hook.conditions:
            return version
        if hook.ignore_failures:
            return None
        raise pause.write.forbidden(
            f"webhook {messages.quote(hook.name)} has matchConditions, which are not evaluated here"
        )

    def _in_namespace(self, hook: Hook, subject: Subject) -> bool:
        """Look at the labels of the namespace; of one that is written, at those it is going to have."""
        if hook.namespaces.empty:
            return True
        itself = subject.write.resource.group_resource == "namespaces"
        if itself and not subject.write.subresource and subject.obj is not None:
            return hook.namespaces.matches(subject.obj.metadata.labels)
        if not subject.namespace:
            return True
        found = self._objects.find_entry(NAMESPACES, "", subject.namespace)
        if found is None:
            raise messages.not_found(NAMESPACES, subject.namespace)
        return hook.namespaces.matches(found.labels)

    async def _call(
        self, hook: Hook, subject: Subject, version: ResourceInfo[Object], *, mutating: bool
    ) -> Answer:
        """Ask one webhook; raises Denied, BadRequest for a dry run, and CallFailed."""
        if subject.write.dry_run and hook.side_effects not in _SAFE_TO_TRY:
            raise failures.no_dry_run(hook.name)
        spoken = next((known for known in hook.versions if known in _VERSIONS), None)
        if spoken is None:
            why = "webhook does not accept known AdmissionReview versions (v1, v1beta1)"
            raise CallFailed(f"could not create admission objects: {why}")
        uid = self._new_uid()
        review = {
            "kind": "AdmissionReview",
            "apiVersion": f"{GROUP}/{spoken}",
            "request": subject.review(uid, version),
        }
        data = await self._caller.call(hook, orjson.dumps(review))
        answer = read_answer(data, uid, spoken, mutating=mutating)
        subject.request.options.audit.update(
            {f"{hook.name}/{key}": value for key, value in answer.annotations.items()}
        )
        subject.request.options.warnings.extend(answer.warnings)
        if not answer.allowed:
            raise failures.Denied(hook.name, answer.status)
        return answer

    def _patch(self, hook: Hook, subject: Subject, version: ResourceInfo[Object], answer: Answer) -> bool:
        """Change the object as a webhook wishes; says whether that made a difference."""
        if not answer.patch:
            return False
        shown = subject.shown(subject.obj, version)
        if shown is None:
            raise failures.cannot_modify(hook.name)
        patched = _patched(shown, answer.patch)
        if patched == shown:
            return False
        if len(orjson.dumps(patched)) > MAX_OBJECT:
            name = messages.quote(hook.name)
            raise failures.internal(f"admission webhook {name} made an object of more than {MAX_OBJECT} bytes")
        subject.obj = subject.changed(patched, version)
        return True

    def _fail(self, hook: Hook, subject: Subject, why: CallFailed, annotation: str) -> None:
        """Let a failure pass, or refuse the write with it, as the webhook's policy says."""
        if not hook.ignore_failures:
            logger.warning("failed calling webhook %s, which refuses the write: %s", hook.name, why)
            raise failures.failed(hook.name, why) from why
        logger.warning("failed calling webhook %s, which lets the write pass: %s", hook.name, why)
        subject.request.options.audit[annotation] = hook.name


def _object_selected(hook: Hook, subject: Subject) -> bool:
    """Look at the object as it was and as it is going to be; one that fits is enough."""
    if hook.objects.empty:
        return True
    there = (obj for obj in (subject.obj, subject.write.old) if obj is not None)
    return any(hook.objects.matches(obj.metadata.labels) for obj in there)


def _patched(shown: dict[str, Any], operations: list[Any]) -> dict[str, Any]:
    try:
        return json_patch.apply(shown, operations)
    except BadRequest as exc:
        raise failures.internal(exc.message) from exc
    except ApiError as exc:
        raise failures.internal(exc.causes[0].message if exc.causes else exc.message) from exc


async def _refusal(asking: Awaitable[None]) -> ApiError | None:
    try:
        await asking
    except ApiError as exc:
        return exc
    return None
