"""``edgeorch token``: the words that let new boards in."""

from __future__ import annotations

import base64
import datetime as dt
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from edgeorch.api.durations import human_duration, parse_duration
from edgeorch.api.meta import parse_time
from edgeorch.cli.access import find_kubeconfig, load_access
from edgeorch.cli.board_url import board_url
from edgeorch.cli.output import print_rows, stderr, stdout
from edgeorch.cli.rest import RestClient
from edgeorch.errors import UserError
from edgeorch.join_token import NAMESPACE, SECRET_PREFIX, SECRET_TYPE, JoinToken
from edgeorch.pki import fingerprint

SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
Kubeconfig = Annotated[Path | None, typer.Option("--kubeconfig", help="Kubeconfig to use.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Make, list and revoke the tokens that boards join with.", no_args_is_help=True)
    group.command()(create)
    group.command("list")(list_tokens)
    group.command()(revoke)
    app.add_typer(group, name="token")


def create(
    *,
    ttl: Annotated[str, typer.Option(help="How long it is good for, such as 30m or 24h; 0 for ever.")] = "24h",
    description: Annotated[str, typer.Option(help="A note for the list.")] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the token and nothing else.")] = False,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Make a token and print the line to paste on the new board."""
    try:
        lifetime = parse_duration(ttl)
    except ValueError as exc:
        raise UserError(f"--ttl: {exc}") from exc
    access = load_access(find_kubeconfig(kubeconfig, os.environ))
    server = "" if quiet else board_url(access.server)
    token = JoinToken.create(fingerprint(access.ca))
    manifest = token.manifest(dt.datetime.now(dt.UTC) + lifetime, description)
    if not lifetime:
        del manifest["data"]["expiration"]
    with RestClient(access) as client:
        client.request("POST", SECRETS, body=manifest)
    if quiet:
        stdout().out(str(token), highlight=False)
        return 0
    stderr().print("Paste this on the new board:", markup=False)
    stdout().out(f"sudo edgeorch agent join {server} --token {token}", highlight=False)
    return 0


def list_tokens(*, kubeconfig: Kubeconfig = None) -> int:
    """Show all tokens, without their secrets."""
    now = dt.datetime.now(dt.UTC)
    with RestClient(load_access(find_kubeconfig(kubeconfig, os.environ))) as client:
        items = client.request("GET", SECRETS, params={"fieldSelector": f"type={SECRET_TYPE}"})["items"]
    rows = [
        [_data(item, "token-id"), _remaining(_data(item, "expiration"), now), _data(item, "description")]
        for item in items
    ]
    print_rows(stdout(), ["ID", "EXPIRES", "DESCRIPTION"], rows)
    return 0


def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="The token's id, its first six characters.")],
    *,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Make a token useless. Boards that have joined with it stay."""
    short = token_id.partition(".")[0]
    with RestClient(load_access(find_kubeconfig(kubeconfig, os.environ))) as client:
        client.request("DELETE", f"{SECRETS}/{SECRET_PREFIX}{short}")
    stdout().print(f"token {short} revoked", markup=False)
    return 0


def _data(item: dict[str, Any], name: str) -> str:
    return base64.b64decode((item.get("data") or {}).get(name, "")).decode(errors="replace")


def _remaining(expiration: str, now: dt.datetime) -> str:
    if not expiration:
        return "never"
    left = parse_time(expiration) - now
    return f"in {human_duration(left)}" if left > dt.timedelta(0) else "expired"
