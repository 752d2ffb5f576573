"""Real kubectl on real pods: reading and changing objects as a user does."""

from __future__ import annotations

import json
import re
import signal
import subprocess

import pytest

from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl, documents
from tests.lab.manifests import config_map, namespace, pod, shell
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(180)]

UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def web(cluster: Cluster) -> Kubectl:
    """Give kubectl in a namespace with two running pods: web (app=web, tier=front) and db (app=db)."""
    cluster.kubectl().apply(namespace("shared"))
    kubectl = cluster.kubectl("shared")
    kubectl.apply(pod("web", labels={"app": "web", "tier": "front"}), pod("db", labels={"app": "db"}))
    kubectl("wait", "--for=condition=Ready", "pod/web", "pod/db", "--timeout=90s", timeout=100)
    return kubectl


class TestGet:
    def test_table(self, web: Kubectl) -> None:
        """``get pods`` has Kubernetes' columns."""
        header, *rows = (line.split() for line in web("get", "pods").lines)
        assert header == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
        assert [row[:4] for row in rows] == [["db", "1/1", "Running", "0"], ["web", "1/1", "Running", "0"]]

    def test_wide(self, web: Kubectl) -> None:
        """``-o wide`` adds the pod's address and node."""
        output = web("get", "pod", "web", "-o", "wide")
        assert output.lines[0].split()[5:7] == ["IP", "NODE"]
        [row] = output.rows
        assert row[5] == web("get", "pod", "web", "-o", "jsonpath={.status.podIP}").stdout
        assert row[6] == "pi"

    def test_wide_nodes(self, web: Kubectl) -> None:
        """``get nodes -o wide`` shows version, address, system and container runtime."""
        output = web("get", "nodes", "-o", "wide")
        assert output.lines[0].split()[:5] == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
        [row] = output.rows
        assert row[:2] == ["pi", "Ready"]
        assert row[4].startswith("v1.33.")
        assert row[-1].startswith("podman://")

    def test_yaml_can_be_applied_again(self, web: Kubectl) -> None:
        """What ``-o yaml`` gives goes back through ``apply`` without a change."""
        text = web("get", "pod", "web", "-o", "yaml").stdout
        assert text.startswith("apiVersion: v1\nkind: Pod\n")
        assert web("apply", "-f", "-", stdin=text).stdout.splitlines()[-1] in {
            "pod/web unchanged",
            "pod/web configured",
        }
        assert web("get", "pod", "web").rows[0][1:4] == ["1/1", "Running", "0"]

    def test_json(self, web: Kubectl) -> None:
        """``-o json`` gives a List of whole objects with the metadata the server sets."""
        listed = web.json("get", "pods")
        assert (listed["kind"], listed["apiVersion"]) == ("List", "v1")
        meta = listed["items"][0]["metadata"]
        assert UID.fullmatch(meta["uid"])
        assert int(meta["resourceVersion"]) > 0
        assert listed["items"][0]["status"]["phase"] == "Running"

    def test_name_and_jsonpath(self, web: Kubectl) -> None:
        """``-o name`` and ``-o jsonpath`` work on lists."""
        assert web("get", "pods", "-o", "name").lines == ["pod/db", "pod/web"]
        assert web("get", "pods", "-o", "jsonpath={.items[*].metadata.name}").stdout == "db web"

    def test_custom_columns_and_sorting(self, web: Kubectl) -> None:
        """Columns of the user's choice, sorted by a field."""
        output = web(
            "get", "pods", "--sort-by=.metadata.creationTimestamp", "-o", "custom-columns=N:.metadata.name"
        )
        assert output.lines[0] == "N"
        assert sorted(output.lines[1:]) == ["db", "web"]

    @pytest.mark.parametrize(
        ("selector", "names"),
        [
            ("app=web", ["web"]),
            ("app!=web", ["db"]),
            ("app in (web,db),tier", ["web"]),
            ("!tier", ["db"]),
            ("app notin (web,db)", []),
        ],
    )
    def test_label_selectors(self, web: Kubectl, selector: str, names: list[str]) -> None:
        """``-l`` takes equality and set-based selectors (Labels and Selectors)."""
        found = web("get", "pods", "-l", selector, "-o", "name").lines
        assert found == [f"pod/{name}" for name in names]

    @pytest.mark.parametrize(
        ("selector", "names"),
        [
            ("status.phase=Running", ["db", "web"]),
            ("status.phase!=Running", []),
            ("metadata.name=web", ["web"]),
            ("spec.nodeName=pi,metadata.name!=web", ["db"]),
        ],
    )
    def test_field_selectors(self, web: Kubectl, selector: str, names: list[str]) -> None:
        """``--field-selector`` takes the fields that Kubernetes lets select pods."""
        found = web("get", "pods", "--field-selector", selector, "-o", "name").lines
        assert found == [f"pod/{name}" for name in names]

    def test_an_unknown_field_cannot_select(self, web: Kubectl) -> None:
        """A field that is not selectable is refused in Kubernetes' words, instead of matching nothing."""
        output = web("get", "pods", "--field-selector", "spec.colour=red", code=1)
        assert "field label not supported: spec.colour" in output.stderr

    def test_all_namespaces(self, web: Kubectl) -> None:
        """``-A`` shows the pods of all namespaces, with a column for it."""
        output = web("get", "pods", "-A")
        assert output.lines[0].startswith("NAMESPACE")
        assert {("default", "hello"), ("shared", "web")} <= {(row[0], row[1]) for row in output.rows}

    def test_several_kinds(self, web: Kubectl) -> None:
        """Several kinds in one command are told apart by their prefix."""
        names = web("get", "pods,configmaps,serviceaccounts", "-o", "name").lines
        assert {"pod/web", "serviceaccount/default"} <= set(names)

    def test_label_columns(self, web: Kubectl) -> None:
        """``-L`` and ``--show-labels`` print labels."""
        assert web("get", "pod", "web", "-L", "tier").rows[0][-1] == "front"
        assert web("get", "pod", "web", "--show-labels").rows[0][-1] == "app=web,tier=front"

    def test_pages(self, web: Kubectl) -> None:
        """A list in pages is the whole list."""
        assert web("get", "pods", "--chunk-size=1", "-o", "name").lines == ["pod/db", "pod/web"]

    def test_not_found(self, web: Kubectl) -> None:
        """What is not there is NotFound, exit code 1."""
        output = web("get", "pod", "nobody", code=1)
        assert output.stderr == 'Error from server (NotFound): pods "nobody" not found\n'

    def test_an_unknown_kind(self, web: Kubectl) -> None:
        """A kind that the server does not have is named."""
        assert 'doesn\'t have a resource type "gadgets"' in web("get", "gadgets", code=1).stderr

    def test_watch(self, kubectl: Kubectl) -> None:
        """``get -w`` prints a row for each change, through Pending and Running to the end."""
        kubectl.apply(pod("first"))
        watching = kubectl.start("get", "pods", "-w", "-o", "jsonpath={.metadata.name} {.status.phase}\n")
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("first ")
        kubectl.apply(pod("brief", shell("exit 0"), restartPolicy="Never"))
        phases: list[str] = []
        while phases[-1:] != ["Succeeded"]:  # ends with the test's time-out if the watch never says so
            name, phase = watching.stdout.readline().split()
            phases += [phase] if name == "brief" else []
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=10)
        assert phases[0] == "Pending"
        assert phases == sorted(phases, key=["Pending", "Running", "Succeeded"].index)


class TestWrite:
    def test_create_and_create_again(self, kubectl: Kubectl) -> None:
        """``create -f`` makes objects once; the second time they already exist."""
        text = documents(config_map("a", k="1"), config_map("b", k="2"))
        assert kubectl("create", "-f", "-", stdin=text).lines == ["configmap/a created", "configmap/b created"]
        output = kubectl("create", "-f", "-", stdin=text, code=1)
        assert (
            'Error from server (AlreadyExists): error when creating "STDIN": configmaps "a" already exists'
            in (output.stderr)
        )

    def test_apply_three_times(self, kubectl: Kubectl) -> None:
        """``apply`` creates, configures and leaves unchanged; a member that left the manifest leaves the object."""
        assert kubectl.apply(config_map("c", a="1", b="2")).lines == ["configmap/c created"]
        assert kubectl.apply(config_map("c", a="1", b="2")).lines == ["configmap/c unchanged"]
        assert kubectl.apply(config_map("c", a="3")).lines == ["configmap/c configured"]
        assert kubectl.json("get", "configmap", "c")["data"] == {"a": "3"}

    def test_a_mistyped_field(self, kubectl: Kubectl) -> None:
        """A field that Kubernetes does not have is refused by name, and nothing is stored."""
        manifest = pod("typo", imagePullPolice="Never")
        output = kubectl("apply", "-f", "-", stdin=json.dumps(manifest), code=1)
        assert 'unknown field "spec.imagePullPolice"' in output.stderr
        kubectl("get", "pod", "typo", code=1)

    def test_an_invalid_pod(self, kubectl: Kubectl) -> None:
        """A pod that cannot be is refused with Kubernetes' words for each fault."""
        manifest = pod("wrong", {"name": "Main", "image": ""}, restartPolicy="Sometimes")
        message = kubectl("apply", "-f", "-", stdin=json.dumps(manifest), code=1).stderr
        assert 'The Pod "wrong" is invalid' in message
        assert "spec.containers[0].image: Required value" in message
        assert 'spec.containers[0].name: Invalid value: "Main": a lowercase RFC 1123 label' in message
        assert 'spec.restartPolicy: Unsupported value: "Sometimes"' in message

    def test_label_and_annotate(self, kubectl: Kubectl) -> None:
        """Labels and annotations are set, guarded against overwriting, and taken away."""
        kubectl.apply(config_map("c"))
        assert kubectl("label", "configmap", "c", "colour=red").lines == ["configmap/c labeled"]
        assert "already has a value (red)" in kubectl("label", "configmap", "c", "colour=blue", code=1).stderr
        kubectl("label", "configmap", "c", "colour=blue", "--overwrite")
        kubectl("annotate", "configmap", "c", "note=hello there")
        meta = kubectl.json("get", "configmap", "c")["metadata"]
        assert meta["labels"] == {"colour": "blue"}
        assert meta["annotations"]["note"] == "hello there"
        assert kubectl("label", "configmap", "c", "colour-").lines == ["configmap/c unlabeled"]
        assert "labels" not in kubectl.json("get", "configmap", "c")["metadata"]

    def test_a_label_that_is_none(self, kubectl: Kubectl) -> None:
        """The server refuses what kubectl lets pass."""
        kubectl.apply(config_map("c"))
        patch = '{"metadata":{"labels":{"a":"not valid!"}}}'
        output = kubectl("patch", "configmap", "c", "--type=merge", "-p", patch, code=1)
        assert 'metadata.labels: Invalid value: "not valid!"' in output.stderr

    @pytest.mark.parametrize(
        ("kind", "patch"),
        [
            ("strategic", '{"data":{"b":"2","a":null}}'),
            ("merge", '{"data":{"b":"2","a":null}}'),
            ("json", '[{"op":"add","path":"/data/b","value":"2"},{"op":"remove","path":"/data/a"}]'),
        ],
    )
    def test_patch(self, kubectl: Kubectl, kind: str, patch: str) -> None:
        """All three kinds of patches; a patch that changes nothing says so."""
        kubectl.apply(config_map("c", a="1"))
        done = kubectl("patch", "configmap", "c", f"--type={kind}", "-p", patch)
        assert done.lines == ["configmap/c patched"]
        assert kubectl.json("get", "configmap", "c")["data"] == {"b": "2"}
        if kind != "json":
            again = kubectl("patch", "configmap", "c", f"--type={kind}", "-p", patch)
            assert again.lines == ["configmap/c patched (no change)"]

    def test_a_patch_that_does_not_fit(self, kubectl: Kubectl) -> None:
        """A JSON patch of a path that is not there is refused, and changes nothing."""
        kubectl.apply(config_map("c", a="1"))
        patch = '[{"op":"test","path":"/data/a","value":"2"},{"op":"remove","path":"/data/a"}]'
        output = kubectl("patch", "configmap", "c", "--type=json", "-p", patch, code=1)
        assert output.stderr == "The request is invalid: patch: testing value /data/a failed: test failed\n"
        assert kubectl.json("get", "configmap", "c")["data"] == {"a": "1"}

    def test_a_strategic_patch_merges_containers_by_name(self, web: Kubectl) -> None:
        """A strategic patch changes the image of the container it names and leaves the rest alone."""
        patch = '{"spec":{"containers":[{"name":"main","image":"docker.io/library/none:1"}]}}'
        output = web("patch", "pod", "db", "-p", patch, "--dry-run=server", "-o", "json")
        [container] = json.loads(output.stdout)["spec"]["containers"]
        assert container["image"] == "docker.io/library/none:1"
        assert container["command"][:2] == ["sh", "-c"]

    def test_what_a_running_pod_cannot_change(self, web: Kubectl) -> None:
        """Most of a pod is fixed once it exists; the message says what is not."""
        patch = '{"spec":{"restartPolicy":"Never"}}'
        assert (
            "pod updates may not change fields other than"
            in web("patch", "pod", "web", "-p", patch, code=1).stderr
        )

    def test_replace_with_an_old_version_conflicts(self, kubectl: Kubectl) -> None:
        """Two people who change the same object: the second is told, and the first one's change stays."""
        kubectl.apply(config_map("c", a="1"))
        old = kubectl("get", "configmap", "c", "-o", "json").stdout
        kubectl.apply(config_map("c", a="2"))
        output = kubectl("replace", "-f", "-", stdin=old, code=1)
        assert "(Conflict)" in output.stderr
        assert "the object has been modified" in output.stderr
        assert kubectl.json("get", "configmap", "c")["data"] == {"a": "2"}

    def test_dry_run_stores_nothing(self, kubectl: Kubectl) -> None:
        """``--dry-run=server`` answers as if, and that is all."""
        text = json.dumps(config_map("c"))
        done = kubectl("create", "-f", "-", "--dry-run=server", stdin=text)
        assert done.lines == ["configmap/c created (server dry run)"]
        kubectl("get", "configmap", "c", code=1)

    def test_edit(self, kubectl: Kubectl) -> None:
        """``kubectl edit`` sends what the editor left behind."""
        kubectl.apply(config_map("c", a="before"))
        environ = {**kubectl.environment(), "KUBE_EDITOR": "sed -i s/before/after/"}
        subprocess.run(kubectl.command("edit", "configmap", "c"), check=True, env=environ, capture_output=True)
        assert kubectl.json("get", "configmap", "c")["data"] == {"a": "after"}

    def test_diff(self, kubectl: Kubectl) -> None:
        """``kubectl diff`` shows what an apply would change: exit code 1 when there is something."""
        kubectl.apply(config_map("c", a="1"))
        output = kubectl("diff", "-f", "-", stdin=json.dumps(config_map("c", a="2")), code=1)
        assert '-  a: "1"' in output.stdout
        assert '+  a: "2"' in output.stdout
        kubectl("diff", "-f", "-", stdin=json.dumps(config_map("c", a="1")), code=0)


class TestDescribe:
    def test_a_pod_with_its_events(self, web: Kubectl) -> None:
        """``describe pod`` tells where it runs, its state, and how it came to be."""
        text = web("describe", "pod", "web").stdout
        assert re.search(r"^Node: +pi/", text, re.MULTILINE)
        assert re.search(r"^Status: +Running$", text, re.MULTILINE)
        assert re.search(r"^    State: +Running$", text, re.MULTILINE)
        assert re.search(r"^    Container ID: +podman://[0-9a-f]{64}$", text, re.MULTILINE)
        reasons = [line.split()[1] for line in text.partition("Events:")[2].splitlines()[3:]]
        assert reasons == ["Scheduled", "Pulled", "Created", "Started"]

    def test_the_node(self, web: Kubectl) -> None:
        """``describe node`` tells its conditions with their times, its Lease, and the pods that use it."""
        text = web("describe", "node", "pi").stdout
        assert re.search(r"^  Ready +True", text, re.MULTILINE)
        assert re.search(r"^  shared +web", text, re.MULTILINE)
        assert re.search(
            r"^Lease:\n  HolderIdentity: +pi\n  AcquireTime: +<unset>\n  RenewTime: +\w{3}, ",
            text,
            re.MULTILINE,
        )
        assert "0001" not in text, "a time that nobody set"

    def test_other_kinds(self, kubectl: Kubectl) -> None:
        """ConfigMaps, Secrets and namespaces are described as well; a Secret's values are not shown."""
        kubectl.apply(config_map("c", key="value"))
        assert "value" in kubectl("describe", "configmap", "c").stdout
        assert re.search("Status: +Active", kubectl("describe", "namespace", kubectl.namespace).stdout)


class TestDelete:
    def test_wait_is_the_default(self, kubectl: Kubectl) -> None:
        """``delete`` returns when the pod is gone, containers and all."""
        kubectl.apply(pod("gone"))
        kubectl("wait", "--for=condition=Ready", "pod/gone", "--timeout=60s")
        assert kubectl("delete", "pod", "gone").lines == ['pod "gone" deleted']
        kubectl("get", "pod", "gone", code=1)

    def test_without_waiting_it_is_terminating(self, kubectl: Kubectl) -> None:
        """``--wait=false`` returns at once; until its containers have ended the pod is Terminating."""
        stubborn = shell("trap '' TERM; while :; do sleep 1; done")
        kubectl.apply(pod("slow", stubborn, terminationGracePeriodSeconds=8))
        kubectl("wait", "--for=condition=Ready", "pod/slow", "--timeout=60s")
        kubectl("delete", "pod", "slow", "--wait=false")
        assert kubectl("get", "pod", "slow").rows[0][2] == "Terminating"
        meta = kubectl.json("get", "pod", "slow")["metadata"]
        assert meta["deletionGracePeriodSeconds"] == 8
        kubectl("wait", "--for=delete", "pod/slow", "--timeout=60s")

    def test_a_shorter_grace_period(self, kubectl: Kubectl, cluster: Cluster) -> None:
        """``--grace-period`` overrides the pod's own: a container that does not listen is killed after it."""
        stubborn = shell("trap '' TERM; while :; do sleep 1; done")
        kubectl.apply(pod("slow", stubborn, terminationGracePeriodSeconds=600))
        kubectl("wait", "--for=condition=Ready", "pod/slow", "--timeout=60s")
        kubectl("delete", "pod", "slow", "--grace-period=1", timeout=60)
        assert f"{kubectl.namespace}/slow/main" not in cluster.containers("pi")

    def test_force(self, kubectl: Kubectl, cluster: Cluster) -> None:
        """``--force --grace-period=0`` removes the object at once; the node ends its containers as gently as ever."""
        stubborn = shell("trap '' TERM; while :; do sleep 1; done")
        kubectl.apply(pod("slow", stubborn, terminationGracePeriodSeconds=4))
        kubectl("wait", "--for=condition=Ready", "pod/slow", "--timeout=60s")
        output = kubectl("delete", "pod", "slow", "--force", "--grace-period=0")
        assert 'pod "slow" force deleted' in output.stdout
        kubectl("get", "pod", "slow", code=1)
        wait_until(
            lambda: f"{kubectl.namespace}/slow/main" not in cluster.containers("pi"), "its container's end"
        )

    def test_by_label_and_all(self, kubectl: Kubectl) -> None:
        """``-l`` and ``--all`` delete what they select."""
        kubectl.apply(*(config_map(name) for name in "abc"))
        kubectl("label", "configmap", "a", "b", "old=yes")
        kubectl("delete", "configmaps", "-l", "old=yes")
        assert kubectl("get", "configmaps", "-o", "name").lines == ["configmap/c"]
        kubectl("delete", "configmaps", "--all")
        assert kubectl("get", "configmaps", "-o", "name").lines == []

    def test_a_finalizer_holds_the_object(self, kubectl: Kubectl) -> None:
        """An object with a finalizer stays, marked, until the finalizer is taken away."""
        held = config_map("held")
        held["metadata"]["finalizers"] = ["example.com/hold"]
        kubectl.apply(held)
        kubectl("delete", "configmap", "held", "--wait=false")
        assert kubectl.json("get", "configmap", "held")["metadata"]["deletionTimestamp"]
        kubectl("patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
        kubectl("get", "configmap", "held", code=1)

    def test_a_namespace_takes_everything_along(self, cluster: Cluster) -> None:
        """Deleting a namespace ends its pods and returns when nothing is left."""
        admin = cluster.kubectl()
        admin.apply(namespace("short-lived"))
        kubectl = cluster.kubectl("short-lived")
        kubectl.apply(pod("p"), config_map("c"))
        kubectl("wait", "--for=condition=Ready", "pod/p", "--timeout=60s")
        admin("delete", "namespace", "short-lived", timeout=90)
        assert "short-lived/p/main" not in cluster.containers("pi")
        assert "NotFound" in admin("get", "namespace", "short-lived", code=1).stderr


class TestNode:
    def test_cordon_and_uncordon(self, cluster: Cluster, kubectl: Kubectl) -> None:
        """A cordoned node gets no new pods, which are Pending with Kubernetes' sentence; uncordon lets them in."""
        admin = cluster.kubectl()
        assert admin("cordon", "pi").lines == ["node/pi cordoned"]
        try:
            assert admin("get", "node", "pi").rows[0][1] == "Ready,SchedulingDisabled"
            kubectl.apply(pod("waits"))
            reason = "0/1 nodes are available: 1 node(s) were unschedulable."
            wait_until(lambda: reason in kubectl("describe", "pod", "waits").stdout, "the scheduler's reason")
            assert kubectl("get", "pod", "waits").rows[0][1:3] == ["0/1", "Pending"]
        finally:
            admin("uncordon", "pi")
        kubectl("wait", "--for=condition=Ready", "pod/waits", "--timeout=60s")

    def test_a_pod_too_large(self, kubectl: Kubectl) -> None:
        """A pod that fits nowhere says why."""
        kubectl.apply(pod("huge", shell("true", resources={"requests": {"memory": "10Ti"}})))
        said = "0/1 nodes are available: 1 Insufficient memory."
        wait_until(lambda: said in kubectl("describe", "pod", "huge").stdout, "the scheduler's reason")


def test_version_and_resources(cluster: Cluster) -> None:
    """The server says which Kubernetes it speaks, and what it knows."""
    kubectl = cluster.kubectl()
    assert json.loads(kubectl("version", "-o", "json").stdout)["serverVersion"]["gitVersion"].startswith(
        "v1.33.0+edgeorch."
    )
    rows = {row[-1]: row for row in kubectl("api-resources").rows}
    assert rows["Pod"] == ["pods", "po", "v1", "true", "Pod"]
    assert rows["Node"] == ["nodes", "no", "v1", "false", "Node"]
    assert {"ConfigMap", "Secret", "Namespace", "ServiceAccount", "Event", "Lease"} <= rows.keys()
