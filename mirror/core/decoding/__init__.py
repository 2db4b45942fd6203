"""The parts of decoding: syntax, then fields, then one file for each family of payloads."""
