"""The deployment's settings; a benchmark or a test may also run on SQLite, which a deployment refuses."""

from bench.load.settings import *  # noqa: F403  every setting but one is the deployment's

SILENCED_SYSTEM_CHECKS = ["nanchuan.E001"]
