"""The MQTT side of the server: publish desired state, ingest status, calls."""
