"""The running parts: receive, apply, rebuild, verify, reconcile."""
