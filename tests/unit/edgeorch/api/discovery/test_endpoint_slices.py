"""EndpointSlices: defaults and validation."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.discovery.endpoint_slice import EndpointSlice
from edgeorch.api.discovery.validation import default_slice, validate_slice, validate_slice_update


def piece(**content: Any) -> EndpointSlice:
    body = {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.42.0.5"]}],
        "ports": [{"port": 80}],
        **content,
    }
    made = EndpointSlice.from_dict({"metadata": {"name": "web-abc", "namespace": "default"}, **body})
    default_slice(made)
    return made


def test_defaults() -> None:
    """A port has no name and speaks TCP."""
    assert [port.to_dict() for port in piece().ports] == [{"name": "", "protocol": "TCP", "port": 80}]


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        pytest.param({}, [], id="valid"),
        pytest.param({"addressType": ""}, ["addressType: Required value"], id="no type"),
        pytest.param(
            {"addressType": "ipv4"},
            ['addressType: Unsupported value: "ipv4": supported values: "FQDN", "IPv4", "IPv6"'],
            id="type",
        ),
        pytest.param(
            {"endpoints": [{"addresses": []}]},
            ["endpoints[0].addresses: Required value: must contain at least 1 address"],
            id="no address",
        ),
        pytest.param(
            {"endpoints": [{"addresses": ["fd00::1"]}]},
            ['endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address'],
            id="family",
        ),
        pytest.param(
            {"addressType": "FQDN", "endpoints": [{"addresses": ["A"]}]},
            ['endpoints[0].addresses[0]: Invalid value: "A": '],
            id="name",
        ),
        pytest.param(
            {"endpoints": [{"addresses": ["10.42.0.5"]}] * 1001},
            ["endpoints: Too many: 1001: must have at most 1000 items"],
            id="many",
        ),
        pytest.param(
            {"ports": [{"port": 80}, {"port": 81}]}, ['ports[1].name: Duplicate value: ""'], id="same name"
        ),
        pytest.param(
            {"ports": [{"protocol": "tcp"}]},
            ['ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
            id="protocol",
        ),
    ],
)
def test_validation(content: dict[str, Any], errors: list[str]) -> None:
    """Each clause of ``ValidateEndpointSlice``, in Kubernetes' words."""
    found = [str(error) for error in validate_slice(piece(**content))]
    assert len(found) == len(errors), found
    assert all(text.startswith(error) for text, error in zip(found, errors, strict=True)), found


def test_the_kind_of_addresses_stays() -> None:
    """``addressType`` is immutable."""
    new = piece(addressType="IPv6", endpoints=[])
    assert [str(e) for e in validate_slice_update(new, piece())] == [
        'addressType: Invalid value: "IPv6": field is immutable'
    ]
