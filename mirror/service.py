"""Builds the parts from settings and wires them together."""
