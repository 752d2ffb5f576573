"""Which requests are written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeorch.errors import UserError
from edgeorch_server.apiserver.audit.policy import EVERYTHING, load_policy
from edgeorch_server.apiserver.audit.requests import Asked, read_request
from edgeorch_server.registry.base import User

POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, users: [robot], verbs: [get, list, watch]}
- {level: None, userGroups: [quiet]}
- {level: None, nonResourceURLs: ["/healthz*", /version]}
- level: Metadata
  resources: [{group: "", resources: [secrets, pods/log]}, {group: apps}]
- {level: Request, namespaces: [shop]}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


def asked(method: str, path: str) -> Asked:
    return read_request(method, path, {})


JANE, ROBOT, QUIET = User("jane"), User("robot"), User("joe", ("quiet",))
SECRETS = "/api/v1/namespaces/default/secrets"


@pytest.mark.parametrize(
    ("method", "url", "user", "level"),
    [
        ("GET", SECRETS, JANE, "Metadata"),
        ("GET", SECRETS, ROBOT, "None"),
        ("DELETE", f"{SECRETS}/a", ROBOT, "Metadata"),
        ("DELETE", f"{SECRETS}/a", QUIET, "None"),
        ("GET", "/healthz/ping", JANE, "None"),
        ("GET", "/version", JANE, "None"),
        ("GET", "/metrics", JANE, "None"),
        ("GET", "/api/v1/namespaces/default/pods/web/log", JANE, "Metadata"),
        ("GET", "/api/v1/namespaces/default/pods/web", JANE, "None"),
        ("GET", "/apis/apps/v1/deployments", JANE, "Metadata"),
        ("GET", "/api/v1/namespaces/shop/pods", JANE, "Request"),
    ],
)
def test_the_first_rule_that_fits_decides(path: Path, method: str, url: str, user: User, level: str) -> None:
    """And what none fits is not written."""
    assert load_policy(path).decide(asked(method, url), user).level == level
    assert EVERYTHING.decide(asked(method, url), user).level == "Metadata"


def test_the_guides_policy_is_one(path: Path) -> None:
    """What docs/guides/audit.md shows can be used as it stands, and keeps Secrets out of the log."""
    guide = Path(__file__).parents[5] / "docs" / "guides" / "audit.md"
    path.write_text(guide.read_text().partition("```yaml\n")[2].partition("```")[0])
    policy = load_policy(path)
    assert policy.decide(asked("POST", SECRETS.replace("default", "shop")), JANE).level == "Metadata"
    decision = policy.decide(asked("POST", "/api/v1/namespaces/shop/pods"), JANE)
    assert (decision.level, decision.omit_managed_fields) == ("Request", True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [{level: Loud}]", "is no audit policy: rules.0.level"),
        ("rules: [{level: None, vebs: [get]}]", "is no audit policy: rules.0.vebs"),
        ("rules: []\nomitStages: [Later]", "is no audit policy: omitStages.0"),
        ("kind: Pod\nrules: []", "is no audit policy: kind"),
        ("{", "policy.yaml"),
    ],
    ids=["unknown level", "misspelt", "unknown stage", "another kind", "no YAML"],
)
def test_a_wrong_policy_is_told(path: Path, text: str, message: str) -> None:
    """On start, and where it is wrong."""
    path.write_text(text)
    with pytest.raises(UserError) as refused:
        load_policy(path)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("method", "url", "query", "verb"),
    [
        ("GET", "/api/v1/pods", {}, "list"),
        ("GET", "/api/v1/pods", {"watch": "1"}, "watch"),
        ("GET", "/api/v1/pods", {"watch": "0"}, "list"),
        ("POST", "/api/v1/namespaces/a/pods", {}, "create"),
        ("DELETE", "/api/v1/namespaces/a/pods", {}, "deletecollection"),
        ("PATCH", "/api/v1/namespaces/a/pods/b", {}, "patch"),
        ("POST", "/api/v1/namespaces/a/pods/b/binding", {}, "create"),
        ("GET", "/version", {}, "get"),
    ],
)
def test_verbs(method: str, url: str, query: dict[str, str], verb: str) -> None:
    """Kubernetes' words for methods."""
    assert read_request(method, url, query).verb == verb
