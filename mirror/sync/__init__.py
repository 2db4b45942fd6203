"""The running parts: receive, write, apply, rebuild, verify."""
