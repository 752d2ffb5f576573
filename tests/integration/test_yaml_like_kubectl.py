"""Our YAML reader against the one in kubectl: the same manifests must mean the same."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from edgeorch.api.yaml_json import read_documents

pytestmark = [pytest.mark.kubectl, pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl here")]

SCALARS = [
    r"yes",
    r"no",
    r"y",
    r"n",
    r"Y",
    r"on",
    r"off",
    r"True",
    r"TRUE",
    r"tRue",
    r"~",
    r"null",
    r"Null",
    r"0755",
    r"0o755",
    r"0b11",
    r"0B11",
    r"0x1F",
    r"0X1F",
    r"-0x1f",
    r"+0x1f",
    r"-0b11",
    r"0x_1",
    r"1_000",
    r"+1_0",
    r"_1",
    r"1__",
    r"08",
    r"-08",
    r"08.5",
    r"09.5",
    r"1e3",
    r"1E3",
    r"1e+3",
    r"1.5e-3",
    r".5",
    r"5.",
    r"+5",
    r"-5",
    r"+.5",
    r"12:30",
    r"12:30:45",
    r"190:20:30",
    r"1:2",
    r"2001-01-01",
    r"2001-01-01T00:00:00Z",
    r"0.1.2",
    r"1.2.3",
    r"9007199254740992",
    r"-9223372036854775808",
    r"0xFFFFFFFFFFFFFFFFF",
    r'"1"',
    r"'yes'",
    r"=",
    r"<<",
    r"0",
    r"-0",
    r"+0",
    r"00",
    r"0_7",
    r"0777_7",
    r"1e400",
    r"1e-400",
    r"1_0.5",
    r"0.5_0",
    r"1e1_0",
    r"0x",
    r"0b",
    r"0o",
    r"0b2",
    r"+",
    r".",
    r"-.",
    r"..",
    r"1.e3",
    r"0.0",
    r"1e20",
    r"1e21",
    r"1e-7",
    r"0.1e-6",
    r"123456789.0",
    r"0.30000000000000004",
    r"__1",
    r"5_/",
]
TAGGED = [
    "!!str 1",
    '!!int "5"',
    "!!float 5",
    "!!bool yes",
    '!!null ""',
    "!!binary aGVsbG8=",
    "!own bar",
    "!own 5",
    "! 5",
    "!!str true",
    "!!float 0x10",
    "!!timestamp 2001-01-01",
    "!!str",
    "!!set {a}",
    "!!omap []",
    "!!str [a]",
    "[1, 2]",
    "{a: 1, 2: b, true: c, 1.5: d}",
    "{x: &x {p: 1}, y: *x, z: {<<: *x, q: 2}}",
    r'"a\tb\u00e9"',
    "|\n    two\n    lines",
    ">-\n    folded\n    lines",
]


def test_reads_what_kubectl_reads(tmp_path: Path) -> None:
    """Scalars in every notation, tags, merges and block texts: compared value by value."""
    texts = [*SCALARS, *TAGGED]
    lines = [f"  k{index}: {text}" for index, text in enumerate(texts)]
    manifest = "\n".join(["apiVersion: v1", "kind: ConfigMap", "metadata: {name: a}", "data:", *lines]) + "\n"
    done = subprocess.run(
        ["kubectl", "annotate", "--local", "-f", "-", "-o", "json", "a=b"],
        input=manifest,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "KUBECONFIG": "/dev/null"},
    )
    theirs = json.loads(done.stdout)["data"]
    (document,) = read_documents(manifest)
    ours = document.value["data"]
    differing = {
        text: (ours[f"k{index}"], theirs[f"k{index}"])
        for index, text in enumerate(texts)
        if repr_sorted(ours[f"k{index}"]) != repr_sorted(theirs[f"k{index}"])
    }
    assert differing == {}
    assert document.problems == ()


def repr_sorted(value: object) -> str:
    return json.dumps(value, sort_keys=True)
