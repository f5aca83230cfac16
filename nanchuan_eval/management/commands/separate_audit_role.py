"""`manage.py separate_audit_role ROLE`: make the audit log append-only; as superuser, after `migrate` or `restore`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from nanchuan_eval.audit import sql as audit_sql


class Command(BaseCommand):
    help = (
        "PostgreSQL：把操作日志的表交给不能登录的角色，应用的数据库角色只能读取和增加（须用数据库超级用户运行）。"
        "数据库在另一台机器的，用 --print-sql 输出语句，在那里由 psql 以超级用户运行。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", metavar="ROLE", help="应用连接数据库所用的角色")
        parser.add_argument("--print-sql", action="store_true", help="只输出语句，不改动数据库")

    def handle(self, *args: Any, **options: Any) -> None:
        role = options["role"]
        if connection.vendor != "postgresql":
            raise CommandError("SQLite 由触发器保护操作日志，不需要这一步。", returncode=2)
        if options["print_sql"]:
            self.stdout.write("".join(f"{statement};\n" for statement in audit_sql.separation(connection, role)))
            return
        if not audit_sql.role_exists(connection, role):
            raise CommandError(f"数据库中没有角色“{role}”。", returncode=2)
        with transaction.atomic():
            audit_sql.separate_audit_role(connection, role)
        self.stdout.write(f"已完成：角色“{role}”对操作日志只能读取和增加。")
