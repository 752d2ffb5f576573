"""Server-side printing: the columns and rows of ``kubectl get``, one module per kind or group.

Follows ``kubernetes/pkg/printers/internalversion``. Rows are made from decoded objects as they are stored,
where what is absent has Go's zero value.
"""

from edgeorch_server.apiserver.printers.printer import KubernetesPrinter

__all__ = ["KubernetesPrinter"]
