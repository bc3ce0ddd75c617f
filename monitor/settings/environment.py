"""The environment that all settings are read from, and the directories of this checkout.

Two files add to the environment variables but never override them. ``.env`` has the secrets that
``script/setup`` made for this checkout. ``var/server.env`` has the addresses of a running
``script/server``, so that any ``manage.py`` beside it finds its Redis and its public URL.
"""

from __future__ import annotations

import os
from pathlib import Path

from monitor.env import Environment, fill_in, read_env_file, read_server_env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = BASE_DIR / "var"

fill_in(os.environ, read_env_file(BASE_DIR / ".env"))
fill_in(os.environ, read_server_env(VAR_DIR / "server.env"))
env = Environment(os.environ)
