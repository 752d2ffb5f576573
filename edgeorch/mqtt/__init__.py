"""The wire: topics, messages, the Bus, calls and streams over MQTT 5."""
