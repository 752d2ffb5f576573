"""The container runtime seam: protocol, Podman, and a scripted fake."""
