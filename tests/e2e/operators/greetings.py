"""An operator: writes a letter (a ConfigMap) for each Greeting, keeps it right, and says so in the status."""

from __future__ import annotations

from typing import Any

import kopf
import kubernetes


@kopf.on.create("example.com", "v1", "greetings")
@kopf.on.update("example.com", "v1", "greetings", field="spec")
def write(
    *, spec: kopf.Spec, name: str, namespace: str | None, patch: kopf.Patch, body: kopf.Body, **_: Any
) -> None:
    """Write the letter anew; it belongs to the Greeting and goes with it."""
    text = f"Hello {spec['name']}"
    letter: dict[str, Any] = {"metadata": {"name": f"letter-{name}"}, "data": {"text": text}}
    kopf.adopt(letter)
    core = kubernetes.client.CoreV1Api()
    try:
        core.create_namespaced_config_map(namespace, letter)
    except kubernetes.client.ApiException as exc:
        if exc.reason != "Conflict":
            raise
        core.patch_namespaced_config_map(f"letter-{name}", namespace, letter)
    patch.status["text"] = text
    kopf.info(body, reason="Written", message=f"Wrote to {spec['name']}")


@kopf.on.delete("example.com", "v1", "greetings")
def say_goodbye(*, name: str, namespace: str | None, **_: Any) -> None:
    """Leave a note that nobody owns: proof that the finalizer held the Greeting until this was done."""
    note = {"metadata": {"name": f"goodbye-{name}"}, "data": {"text": "Goodbye"}}
    kubernetes.client.CoreV1Api().create_namespaced_config_map(namespace, note)
