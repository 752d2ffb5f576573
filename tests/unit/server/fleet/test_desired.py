"""The index of what nodes need, against a plain recomputation from scratch."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edgeorch.api.core.pod import Pod
from edgeorch.mqtt.digest import Digest
from edgeorch_server.fleet.desired import BoundPod, DesiredIndex, Ref, Touched, needs_of

CONTAINER = {"name": "c", "image": "i"}


@pytest.mark.parametrize(
    ("spec", "needs"),
    [
        pytest.param({}, set(), id="nothing"),
        pytest.param(
            {"containers": [{**CONTAINER, "env": [{"name": "A", "value": "plain"}]}]}, set(), id="plain-env"
        ),
        pytest.param(
            {
                "containers": [
                    {
                        **CONTAINER,
                        "env": [
                            {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "k"}}},
                            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                            {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                        ],
                    }
                ]
            },
            {"configmaps/default/cm", "secrets/default/s"},
            id="env",
        ),
        pytest.param(
            {"initContainers": [{**CONTAINER, "envFrom": [{"configMapRef": {"name": "cm"}}]}]},
            {"configmaps/default/cm"},
            id="env-from-of-an-init-container",
        ),
        pytest.param(
            {"ephemeralContainers": [{**CONTAINER, "envFrom": [{"secretRef": {"name": "s"}}]}]},
            {"secrets/default/s"},
            id="env-from-of-an-ephemeral-container",
        ),
        pytest.param(
            {
                "volumes": [
                    {"name": "a", "configMap": {"name": "cm"}},
                    {"name": "b", "secret": {"secretName": "s"}},
                    {"name": "c", "emptyDir": {}},
                ]
            },
            {"configmaps/default/cm", "secrets/default/s"},
            id="volumes",
        ),
        pytest.param(
            {
                "volumes": [
                    {
                        "name": "a",
                        "projected": {
                            "sources": [
                                {"configMap": {"name": "cm"}},
                                {"secret": {"name": "s"}},
                                {"serviceAccountToken": {"path": "token"}},
                            ]
                        },
                    }
                ]
            },
            {"configmaps/default/cm", "secrets/default/s"},
            id="projected",
        ),
        pytest.param({"imagePullSecrets": [{"name": "s"}]}, {"secrets/default/s"}, id="image-pull-secrets"),
        pytest.param({"imagePullSecrets": [{}]}, set(), id="empty-name"),
    ],
)
def test_needs(spec: dict[str, object], needs: set[str]) -> None:
    """Every way for a pod to refer to a ConfigMap or Secret is found, in the pod's own namespace."""
    body = {"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": [CONTAINER], **spec}}
    assert {ref.key for ref in needs_of(Pod.from_dict(body))} == needs


NODES = st.sampled_from(["n1", "n2"])
PODS = st.sampled_from([Ref("pods", "default", name) for name in ("a", "b", "c")])
CONFIGS = st.sampled_from([Ref("configmaps", "default", "x"), Ref("secrets", "default", "y")])
BACK = st.sampled_from([0, 0, 0, 3])
"""How many revisions an event lags behind."""


class Histories(RuleBasedStateMachine):
    """Random histories of events, late ones included, applied to the index and to two plain dicts."""

    def __init__(self) -> None:
        super().__init__()
        self.index = DesiredIndex()
        self.revision = 10
        self.pods: dict[Ref, BoundPod] = {}
        self.configs: dict[Ref, int] = {}
        self.seen: dict[str, dict[Ref, str]] = {"n1": {}, "n2": {}}

    def tell(self, touched: list[Touched]) -> None:
        """Follow what the index says has changed, as the publisher does."""
        assert len(set(touched)) == len(touched)
        for place in touched:
            wanted = self.index.versions(place.node).get(place.ref)
            if wanted is None:
                del self.seen[place.node][place.ref]
            else:
                assert self.seen[place.node].get(place.ref) != wanted
                self.seen[place.node][place.ref] = wanted

    def next(self, back: int) -> int:
        self.revision += 1
        return self.revision - back

    @rule(ref=PODS, node=NODES, needs=st.frozensets(CONFIGS), version=st.sampled_from("vw"), back=BACK)
    def pod(self, ref: Ref, node: str, needs: frozenset[Ref], version: str, back: int) -> None:
        revision = self.next(back)
        old = self.pods.get(ref)
        uid = old.uid if old else f"u{self.revision}"
        pod = BoundPod(uid, ref, old.node if old else node, revision, version, needs)
        self.tell(self.index.set_pod(pod))
        if old is None or old.revision <= revision:
            self.pods[ref] = pod

    @rule(ref=PODS, back=BACK)
    def pod_gone(self, ref: Ref, back: int) -> None:
        revision = self.next(back)
        self.tell(self.index.remove_pod(ref, revision))
        if ref in self.pods and self.pods[ref].revision <= revision:
            del self.pods[ref]

    @rule(keep=st.sets(PODS))
    def relist_pods(self, keep: set[Ref]) -> None:
        self.pods = {ref: pod for ref, pod in self.pods.items() if ref in keep}
        self.tell(self.index.replace_pods(self.pods.values()))

    @rule(ref=CONFIGS, back=BACK)
    def config(self, ref: Ref, back: int) -> None:
        revision = self.next(back)
        self.tell(self.index.set_config(ref, revision))
        if self.configs.get(ref, 0) <= revision:
            self.configs[ref] = revision

    @rule(ref=CONFIGS, back=BACK)
    def config_gone(self, ref: Ref, back: int) -> None:
        revision = self.next(back)
        self.tell(self.index.remove_config(ref, revision))
        if self.configs.get(ref, 0) <= revision:
            self.configs.pop(ref, None)

    @rule(keep=st.sets(CONFIGS))
    def relist_secrets(self, keep: set[Ref]) -> None:
        self.configs = {r: v for r, v in self.configs.items() if r.resource != "secrets" or r in keep}
        listed = {r: v for r, v in self.configs.items() if r.resource == "secrets"}
        self.tell(self.index.replace_configs("secrets", listed))

    def expected(self, node: str) -> Mapping[Ref, str]:
        pods = [pod for pod in self.pods.values() if pod.node == node]
        needs = {ref for pod in pods for ref in pod.needs if ref in self.configs}
        return {pod.ref: pod.version for pod in pods} | {ref: str(self.configs[ref]) for ref in needs}

    @invariant()
    def the_index_is_right(self) -> None:
        busy = set()
        for node in ("n1", "n2"):
            expected = self.expected(node)
            assert self.index.versions(node) == expected
            assert self.seen[node] == expected
            digest = Digest()
            for ref, version in expected.items():
                digest.toggle(ref.key, version)
            assert self.index.digest(node) == str(digest)
            busy |= {node} if expected else set()
        assert set(self.index.nodes()) == busy
        for pod in self.pods.values():
            assert self.index.pod(pod.uid) == pod


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=30)
