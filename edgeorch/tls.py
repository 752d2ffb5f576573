"""TLS towards our own server and broker: the cluster's CA is the identity, not a host name.

The CA signs *server* certificates for nobody but the server (nodes and people get client certificates, which
OpenSSL refuses as a server's), so a certificate of the CA with that purpose is proof enough. Addresses may
change with every DHCP lease; see docs/design/0003-the-ca-is-the-identity.md.
"""

from __future__ import annotations

import ssl


def cluster_context(ca: str) -> ssl.SSLContext:
    """Make a client context that trusts one CA (PEM) and looks at no names; raises ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ca)
    return context
