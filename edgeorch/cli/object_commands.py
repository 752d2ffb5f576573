"""``get apply delete describe logs``: for boxes without kubectl, over the same REST API."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from edgeorch.cli.access import find_kubeconfig, load_access
from edgeorch.cli.kinds import Kind, Kinds, split_targets
from edgeorch.cli.manifests import read_manifests
from edgeorch.cli.output import Format, print_document, print_names, print_table, stderr, stdout
from edgeorch.cli.rest import TABLE, RestClient
from edgeorch.errors import ApiError, NotFound, UserError

Kubeconfig = Annotated[Path | None, typer.Option("--kubeconfig", help="Kubeconfig to use.")]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace to work in.")]
AllNamespaces = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Look in all namespaces.")]
LabelSelector = Annotated[str, typer.Option("--selector", "-l", help="Label selector.")]
FieldSelector = Annotated[str, typer.Option("--field-selector", help="Field selector.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to print.")]
Files = Annotated[list[Path] | None, typer.Option("--filename", "-f", help="Files, folders, or - for stdin.")]
Recursive = Annotated[bool, typer.Option("--recursive", "-R", help="Read folders below folders too.")]
Targets = Annotated[list[str] | None, typer.Argument(metavar="TYPE[/NAME] [NAME...]", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (get, apply, delete, describe, logs):
        app.command()(command)


def _open(kubeconfig: Path | None) -> RestClient:
    return RestClient(load_access(find_kubeconfig(kubeconfig, os.environ)))


def get(
    targets: Targets = None,
    *,
    namespace: Namespace = None,
    all_namespaces: AllNamespaces = False,
    selector: LabelSelector = "",
    field_selector: FieldSelector = "",
    output: Output = Format.TABLE,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Show objects: `edgeorch get pods -A`, `edgeorch get pod/web -o yaml`."""
    params = {k: v for k, v in (("labelSelector", selector), ("fieldSelector", field_selector)) if v}
    failed = 0
    with _open(kubeconfig) as client:
        where = None if all_namespaces else namespace or client.namespace
        kinds = Kinds(client)
        for word, name in split_targets(targets or []):
            found = kinds.by_name(word)
            for kind in found:
                try:
                    shown = _get_one(client, kind, where, name, params, output)
                except NotFound as exc:
                    stderr().print(f"Error from server (NotFound): {exc}", markup=False)
                    failed = 1
                    continue
                if not shown and len(found) == 1:
                    scope = f" in {where} namespace" if where and kind.namespaced else ""
                    stderr().print(f"No resources found{scope}.", markup=False)
    return failed


def _get_one(
    client: RestClient, kind: Kind, namespace: str | None, name: str, params: dict[str, str], output: Format
) -> bool:
    """Print what one path answers; False when there was nothing."""
    if name and namespace is None and kind.namespaced:
        raise UserError("a resource cannot be retrieved by name across all namespaces")
    tabular = output in {Format.TABLE, Format.WIDE}
    accept = TABLE if tabular else "application/json"
    answer = client.request("GET", kind.path(namespace, name), params=params, accept=accept)
    console = stdout()
    if tabular:
        if not answer.get("rows"):
            return False
        all_namespaces = namespace is None and kind.namespaced
        print_table(console, answer, wide=output is Format.WIDE, with_namespace=all_namespaces)
        return True
    if output is Format.NAME:
        items: list[dict[str, Any]] = [answer] if name else answer["items"]
        print_names(console, kind, [item["metadata"]["name"] for item in items])
        return bool(items)
    print_document(console, output, answer)
    return True


def apply(
    *,
    filename: Files = None,
    recursive: Recursive = False,
    namespace: Namespace = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Create or change objects until they are as the manifests say."""
    from edgeorch.cli.apply import apply_object  # noqa: PLC0415 (the models: half of the start of `get`)

    console = stdout()
    failed = 0
    with _open(kubeconfig) as client:
        kinds = Kinds(client)
        for manifest in read_manifests(filename or [], recursive=recursive):
            try:
                kind, where = _place(kinds, manifest, namespace, client.namespace)
                done = apply_object(client, kind, where, manifest)
            except (ApiError, UserError) as exc:
                stderr().print(f"error: {exc}", markup=False)
                failed = 1
                continue
            console.print(f"{kind.qualified}/{manifest['metadata']['name']} {done}", markup=False)
    return failed


def _place(kinds: Kinds, manifest: dict[str, Any], namespace: str | None, default: str) -> tuple[Kind, str]:
    """Find the kind and namespace of a manifest, and put the namespace into it."""
    kind = kinds.of_object(manifest)
    meta = manifest.get("metadata")
    if not isinstance(meta, dict) or not meta.get("name"):
        raise UserError(f"{kind.kind}: resource name may not be empty")
    where = meta.get("namespace") or namespace or default
    if namespace and where != namespace:
        raise UserError(
            f'the namespace from the provided object "{where}" does not match the namespace "{namespace}". '
            f"You must pass '--namespace={where}' to perform this operation."
        )
    if kind.namespaced:
        meta["namespace"] = where
    return kind, where


def delete(
    targets: Targets = None,
    *,
    filename: Files = None,
    recursive: Recursive = False,
    namespace: Namespace = None,
    selector: LabelSelector = "",
    grace_period: Annotated[
        int, typer.Option(help="Seconds to end in good order; -1 is the object's own.")
    ] = -1,
    ignore_not_found: Annotated[bool, typer.Option(help="What is gone already is no error.")] = False,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Delete objects, by name, by selector, or those of manifests."""
    console = stdout()
    failed = 0
    body: dict[str, Any] = {"propagationPolicy": "Background"}
    if grace_period >= 0:
        body["gracePeriodSeconds"] = grace_period
    with _open(kubeconfig) as client:
        kinds = Kinds(client)
        for kind, where, name in _doomed(client, kinds, targets, filename, recursive, namespace, selector):
            try:
                client.request("DELETE", kind.path(where, name), body=body)
            except NotFound as exc:
                if not ignore_not_found:
                    stderr().print(f"Error from server (NotFound): {exc}", markup=False)
                    failed = 1
                continue
            console.print(f'{kind.qualified} "{name}" deleted', markup=False)
    return failed


def _doomed(
    client: RestClient,
    kinds: Kinds,
    targets: list[str] | None,
    filename: list[Path] | None,
    recursive: bool,  # noqa: FBT001 (passed on as it came)
    namespace: str | None,
    selector: str,
) -> list[tuple[Kind, str, str]]:
    if filename:
        manifests = read_manifests(filename, recursive=recursive)
        placed = [(*_place(kinds, m, namespace, client.namespace), m["metadata"]["name"]) for m in manifests]
        return list(reversed(placed))
    where = namespace or client.namespace
    doomed = []
    for word, name in split_targets(targets or []):
        for kind in kinds.by_name(word):
            if name:
                doomed.append((kind, where, name))
            elif selector:
                items = client.request("GET", kind.path(where), params={"labelSelector": selector})["items"]
                doomed += [(kind, where, item["metadata"]["name"]) for item in items]
            else:
                raise UserError("resource(s) were provided, but no name was specified")
    return doomed


def describe(targets: Targets = None, *, namespace: Namespace = None, kubeconfig: Kubeconfig = None) -> int:
    """Show one object, or all of a type, in full and with its events."""
    from edgeorch.cli.describe import describe as describe_object  # noqa: PLC0415 (the models, as above)

    console = stdout()
    with _open(kubeconfig) as client:
        where = namespace or client.namespace
        kinds = Kinds(client)
        for word, name in split_targets(targets or []):
            for kind in kinds.by_name(word):
                answer = client.request("GET", kind.path(where, name))
                for obj in [answer] if name else answer["items"]:
                    events = _events_of(client, obj)
                    console.out(describe_object(obj, events, dt.datetime.now(dt.UTC)), highlight=False)
    return 0


def _events_of(client: RestClient, obj: dict[str, Any]) -> list[dict[str, Any]]:
    meta = obj["metadata"]
    select = f"involvedObject.name={meta['name']},involvedObject.uid={meta['uid']}"
    path = f"/api/v1/namespaces/{meta['namespace']}/events" if meta.get("namespace") else "/api/v1/events"
    items: list[dict[str, Any]] = client.request("GET", path, params={"fieldSelector": select})["items"]
    return items


def logs(
    pod: Annotated[str, typer.Argument(help="Name of the pod.")],
    *,
    namespace: Namespace = None,
    container: Annotated[
        str, typer.Option("--container", "-c", help="Container; needed if there are several.")
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as the log grows.")] = False,
    tail: Annotated[int, typer.Option(help="Only so many of the last lines; -1 is all.")] = -1,
    since: Annotated[int, typer.Option(help="Only the last so many seconds; 0 is all.")] = 0,
    timestamps: Annotated[bool, typer.Option(help="Put the time before each line.")] = False,
    previous: Annotated[
        bool, typer.Option("--previous", "-p", help="Of the run before the last restart.")
    ] = False,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Print the log of a container."""
    params = {
        "container": container,
        "follow": "true" if follow else "",
        "tailLines": str(tail) if tail >= 0 else "",
        "sinceSeconds": str(since) if since > 0 else "",
        "timestamps": "true" if timestamps else "",
        "previous": "true" if previous else "",
    }
    with _open(kubeconfig) as client:
        path = f"/api/v1/namespaces/{namespace or client.namespace}/pods/{pod.removeprefix('pod/')}/log"
        with client.stream(path, params={k: v for k, v in params.items() if v}, accept="*/*") as answer:
            for chunk in answer.iter_raw():
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
    return 0
