"""Issue an API token: `manage.py issue_token finance --name 財務会計 --scope write --days 90`.

With `--plan`, `--resource` and `--address` it opens no more than these, each given any number of
times; without, all that its user may do.
"""

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import ApiToken, Organization, User
from accounts.tokens import LIFETIME, Limits, issue_token


class Command(BaseCommand):
    help = (
        "Issue an API token for another system. The secret is printed once, to the standard "
        "output, and cannot be seen again; the administrator's pages revoke it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="whose rights it has (role 外部システム)")
        parser.add_argument("--name", required=True, help="what it is for, e.g. 財務会計システム")
        parser.add_argument(
            "--scope",
            choices=ApiToken.Scope.values,
            default=ApiToken.Scope.READ,
            help="read (the default), or write for both",
        )
        parser.add_argument(
            "--days", type=int, default=LIFETIME.days, help="days until it ends (%(default)s)"
        )
        parser.add_argument(
            "--organization", action="append", default=[], help="code of an organization (422029)"
        )
        parser.add_argument(
            "--plan", action="append", type=int, default=[], help="number of a plan"
        )
        parser.add_argument(
            "--resource", action="append", default=[], help="endpoint of the API (actuals)"
        )
        parser.add_argument(
            "--address", action="append", default=[], help="address or network (10.1.2.0/24)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user '{options['username']}'.")
        expires_at = timezone.now() + datetime.timedelta(days=options["days"])
        limits = Limits(
            scope=options["scope"],
            organization_ids=[_organization(code).pk for code in options["organization"]],
            plan_ids=options["plan"],
            resources=options["resource"],
            addresses=options["address"],
        )
        try:
            token, secret = issue_token(Actor.system(), user, options["name"], limits, expires_at)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        end = f"until {timezone.localtime(expires_at):%Y-%m-%d %H:%M}"
        self.stderr.write(f"{token.name} for {user}: {token.scope}, {end}.")
        self.stderr.write("Keep the secret on the next line safe; it is not shown again.")
        self.stdout.write(secret)


def _organization(code: str) -> Organization:
    found = Organization.objects.filter(code=code).first()
    if found is None:
        raise CommandError(f"There is no organization with the code '{code}'.")
    return found
