"""The journal and the state it leads to; the only home of SQL."""
