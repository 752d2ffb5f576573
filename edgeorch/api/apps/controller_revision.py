"""ControllerRevisions: the templates that a DaemonSet or StatefulSet had."""

from __future__ import annotations

from typing import Any

from edgeorch.api.meta import Int64, Object, Required


class ControllerRevision(Object):
    """One template, kept to go back to; it cannot change."""

    data: dict[str, Any] | None = None
    """What was, as a patch of the object that it was a part of."""
    revision: Required[Int64] = 0
    """Counts up; the highest is the present one."""
