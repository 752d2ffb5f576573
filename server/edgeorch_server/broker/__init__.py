"""The managed MQTT broker: Mosquitto as a child process of the server."""
