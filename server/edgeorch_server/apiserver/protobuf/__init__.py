"""Kubernetes' protobuf request bodies, turned into the JSON form that everything else works on."""
