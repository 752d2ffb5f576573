"""From a PodSpec, ConfigMaps and Secrets to what the runtime is given: pure functions."""
