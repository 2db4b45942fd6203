"""A queryable, provable copy of a Tencent Cloud CME media library, kept from its callbacks."""
