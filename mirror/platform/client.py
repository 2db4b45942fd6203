"""Reads the platform through its genuine SDK, paced."""
