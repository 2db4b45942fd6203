"""Opens a page in the browser of whoever sits in front of this machine, if there is somebody."""

from __future__ import annotations

import os
import sys
import webbrowser

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
"""Where these name no screen, a browser would take the terminal."""


def show(url: str) -> bool:
    """Whether a browser was opened. Nobody is there where nothing is a terminal."""
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        return False
    if sys.platform not in {"darwin", "win32"} and not any(map(os.environ.get, SCREENS)):
        return False
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False
