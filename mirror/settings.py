"""Settings, read once from MIRROR_* and a `.env` file."""
