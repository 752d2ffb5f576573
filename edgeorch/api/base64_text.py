"""Bytes in a model: base64, as JSON has them."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import AfterValidator


def _check(text: str) -> str:
    try:
        base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("illegal base64 data") from exc
    return text


Base64 = Annotated[str, AfterValidator(_check)]
"""Bytes as they stand on the wire: standard base64 with padding."""
