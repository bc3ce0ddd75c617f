"""The browsers that are installed, and the flags that tests start them with."""

from __future__ import annotations

import os

CHROMIUM = os.environ.get("BROWSER_PATH", "")


FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-quic", "--disable-gpu"]
