"""admissionregistration.k8s.io/v1: who else wants to see objects before they are stored."""
