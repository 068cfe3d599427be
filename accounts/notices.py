"""Telling people what concerns them: on the page at once, by mail at most once a day."""

import logging
import smtplib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import Department, MailSetting, Notice, Organization, Role, User
from accounts.policy import GRANTS, Act

logger = logging.getLogger(__name__)

MAX_LINES = 100


def people_who_may(
    act: Act, organization: Organization, department: Department | None = None
) -> QuerySet[User]:
    """The active people whose roles allow the act there; with a department, those nearest to it.

    A role for a department covers those below it, so the departments above count too. People with
    a role in the whole organization are told only where nobody has one for the department.
    """
    roles = [role for role, acts in GRANTS.items() if act in acts and role != Role.SERVICE]
    of_roles = Q(role_assignments__role__in=roles, role_assignments__organization=organization)
    people = User.objects.filter(is_active=True)
    if department is not None:
        line = [department, *department.ancestors()]
        near = people.filter(of_roles, role_assignments__department__in=line).distinct()
        if near.exists():
            return near
    return people.filter(of_roles, role_assignments__department__isnull=True).distinct()


@dataclass(frozen=True)
class Message:
    """Something to be told to these people, with the page that it is about."""

    people: Sequence[User]
    kind: str
    text: str
    path: str


def tell(
    people: Iterable[User], organization: Organization, kind: str, text: str, path: str
) -> int:
    """Tell each person one thing (see `tell_all`)."""
    return tell_all(organization, [Message(list(people), kind, text, path)])


def tell_all(organization: Organization, messages: Iterable[Message]) -> int:
    """Tell each person; what they have not read yet is not told twice. How many were told.

    Call it inside the transaction of the act that it tells of. It takes two queries for many
    messages as for one.
    """
    messages = list(messages)
    unread = Notice.objects.filter(
        user__in={user.pk for message in messages for user in message.people},
        text__in={message.text[:500] for message in messages},
        read_at__isnull=True,
    )
    told = set(unread.values_list("user_id", "kind", "text", "path"))
    new = []
    for message in messages:
        for user in message.people:
            what = (user.pk, str(message.kind), message.text[:500], message.path)
            if what not in told:
                told.add(what)
                _, kind, text, path = what
                new.append(
                    Notice(user=user, organization=organization, kind=kind, text=text, path=path)
                )
    Notice.objects.bulk_create(new, batch_size=500)
    return len(new)


def unread_count(user: User) -> int:
    return Notice.objects.visible_to(user).filter(read_at__isnull=True).count()


def mark_read(user: User, notices: Iterable[int] | None = None) -> int:
    """Mark these of a person's own notices as read, or all of them."""
    rows = Notice.objects.visible_to(user).filter(read_at__isnull=True)
    if notices is not None:
        rows = rows.filter(pk__in=list(notices))
    return rows.update(read_at=timezone.now())


def setting_of(user: User) -> MailSetting:
    """What a person wants by mail; without a row, everything (and none is made)."""
    return MailSetting.objects.filter(user=user).first() or MailSetting(user=user)


def change_setting(user: User, wants_mail: bool, unwanted: Iterable[str]) -> MailSetting:
    """A person's own choice of mails; kinds that do not exist are refused by the form above."""
    setting, _ = MailSetting.objects.update_or_create(
        user=user, defaults={"wants_mail": wants_mail, "unwanted": sorted(set(unwanted))}
    )
    return setting


def send_digests() -> int:
    """Send everybody one mail of what is new since the last, at most one a day; how many went.

    A mail that cannot be sent is logged and tried again at the next run; the others still go.
    """
    today = timezone.localdate()
    sent = 0
    waiting = User.objects.filter(
        is_active=True, notices__mailed_at__isnull=True, notices__read_at__isnull=True
    ).exclude(email="")
    for user in waiting.distinct().order_by("pk"):
        setting, _ = MailSetting.objects.get_or_create(user=user)
        last = setting.last_mail_at
        if not setting.wants_mail or (last and timezone.localdate(last) == today):
            continue
        sent += _send_digest(user, setting)
    return sent


def _send_digest(user: User, setting: MailSetting) -> bool:
    with transaction.atomic():
        # Held while the mail goes out, so that two runs at the same time send one mail.
        MailSetting.objects.select_for_update().get(pk=setting.pk)
        notices = list(
            Notice.objects.filter(user=user, mailed_at__isnull=True, read_at__isnull=True)
            .exclude(kind__in=setting.unwanted)
            .order_by("created_at", "pk")[: MAX_LINES + 1]
        )
        if not notices:
            return False
        try:
            _mail(user, notices)
        except (OSError, smtplib.SMTPException) as error:
            logger.warning("The mail to %s could not be sent: %s", user.username, error)
            MailSetting.objects.filter(pk=setting.pk).update(failures=F("failures") + 1)
            return False
        now = timezone.now()
        Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(mailed_at=now)
        MailSetting.objects.filter(pk=setting.pk).update(last_mail_at=now, failures=0)
    return True


def _mail(user: User, notices: list[Notice]) -> None:
    context = {
        "user": user,
        "notices": notices[:MAX_LINES],
        "has_more": len(notices) > MAX_LINES,
        "portal": settings.PORTAL_URL.rstrip("/"),
    }
    body = render_to_string("accounts/digest.txt", context)
    subject = f"【DX計画ポータル】お知らせ {len(notices[:MAX_LINES])}件"
    send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [user.email])
