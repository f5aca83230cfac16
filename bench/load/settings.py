"""The deployment's settings; static files are collected into the load test's own folder."""

import os
from pathlib import Path

from nanchuan_eval.settings import *  # noqa: F403  every setting but one is the deployment's

STATIC_ROOT = Path(os.environ["LOAD_FOLDER"]) / "static"
