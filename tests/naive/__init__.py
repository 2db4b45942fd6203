"""A naive model of the mirror, written from `docs/semantics.md` alone.

The property tests compare the real implementation with it, row for row. It shares no code with
`mirror`, knows no database and no index, and scans everything every time: what it promises is that
each rule can be read off beside its sentence.
"""
