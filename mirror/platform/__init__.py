"""The other side: a client of the platform, and a simulator of it."""
