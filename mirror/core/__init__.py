"""The rules: pure values and functions. Nothing here does I/O, knows the time, SQL or the web."""
