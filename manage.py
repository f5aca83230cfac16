#!/usr/bin/env python
"""Run a management command (管理命令) of nanchuan_eval."""

import os
import sys


def main() -> None:
    """Hand the command line to Django with the project's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanchuan_eval.settings")
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.core.management import execute_from_command_line  # noqa: PLC0415  settings first
    from django.db.utils import OperationalError, ProgrammingError  # noqa: PLC0415

    from nanchuan_eval.core.logs import report_uncaught  # noqa: PLC0415

    sys.excepthook = report_uncaught  # Python's own would print the message of a database's error, with its values

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as fault:
        sys.exit(f"配置有误：{fault}")
    except (OperationalError, ProgrammingError) as fault:
        if "no such table" in str(fault) or "does not exist" in str(fault):
            sys.exit("数据库还没有建好：请先运行 manage.py migrate，或者用 DATABASE_URL 指定另一个数据库。")
        raise


if __name__ == "__main__":
    main()
