"""Issue an API token: `manage.py issue_token finance --name 財務会計 --scope write --days 365`."""

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import ApiToken, User
from accounts.services import issue_token


class Command(BaseCommand):
    help = (
        "外部システム用のAPIトークンを発行します。"
        "トークンは標準出力に一度だけ表示され、後から見ることはできません。"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="トークンの利用者（役割「外部システム」など）")
        parser.add_argument("--name", required=True, help="用途（例：財務会計システム）")
        parser.add_argument(
            "--scope",
            choices=ApiToken.Scope.values,
            default=ApiToken.Scope.READ,
            help="read（読み取り、既定）または write（読み取りと書き込み）",
        )
        parser.add_argument("--days", type=int, help="有効日数（省くと期限なし）")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"利用者「{options['username']}」はいません。")
        expires_at = None
        if options["days"] is not None:
            expires_at = timezone.now() + datetime.timedelta(days=options["days"])
        try:
            token, secret = issue_token(
                Actor.system(), user, options["name"], options["scope"], expires_at
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        until = "なし"
        if expires_at is not None:
            until = f"{timezone.localtime(expires_at):%Y年%-m月%-d日 %H:%M}まで"
        scope = token.get_scope_display()
        self.stderr.write(f"{token} を {user} に発行しました（範囲：{scope}、期限：{until}）。")
        self.stderr.write("次の行のトークンを安全な場所に控えてください。二度と表示されません。")
        self.stdout.write(secret)
