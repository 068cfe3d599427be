"""Tokens with which other systems use the API; only a hash is kept."""

import hashlib
import secrets

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from accounts.addresses import is_within, network
from accounts.models.people import User
from accounts.querysets import TokenQuerySet

PREFIX = "dxp_"


def hash_token(token: str) -> str:
    """SHA-256 of a token; enough for a random secret of 256 bits, which needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


class ApiToken(models.Model):
    """A token of a user (usually of the role `service`), limited in what it opens and until when.

    An empty list limits nothing. Plans are numbers, as this floor knows none; resources are the
    names of the API's endpoints (`accounts.rest.resources`); addresses are IP addresses or
    networks.
    """

    class Scope(models.TextChoices):
        READ = "read", "読み取り"
        WRITE = "write", "読み取りと書き込み"

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens", verbose_name="利用者")
    name = models.CharField("用途", max_length=100)
    digest = models.CharField("ハッシュ", max_length=64, unique=True, editable=False)
    hint = models.CharField("末尾4文字", max_length=4, editable=False)
    scope = models.CharField("操作", max_length=10, choices=Scope, default=Scope.READ)
    organization_ids = models.JSONField("団体", default=list, blank=True)
    plan_ids = models.JSONField("計画", default=list, blank=True)
    resources = models.JSONField("対象", default=list, blank=True)
    addresses = models.JSONField("接続元", default=list, blank=True)
    # Whose place it takes: the older one ends by itself when the time for changing over is past.
    replaces = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="successor",
        verbose_name="更新前のトークン",
    )
    created_at = models.DateTimeField("発行日時", auto_now_add=True)
    expires_at = models.DateTimeField("有効期限", null=True, blank=True)
    last_used_at = models.DateTimeField("最終利用", null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField("失効日時", null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "APIトークン"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name}（…{self.hint}）"

    @classmethod
    def new_secret(cls) -> str:
        return PREFIX + secrets.token_urlsafe(32)

    def clean(self) -> None:
        super().clean()
        for text in self.addresses:
            if network(text) is None:
                told = f"「{text}」はIPアドレスまたは範囲（例：10.1.2.0/24）ではありません。"
                raise ValidationError({"addresses": told})

    @property
    def is_read_only(self) -> bool:
        return self.scope == self.Scope.READ

    @property
    def has_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def has_ended(self) -> bool:
        """Whether it opens nothing any more, for good."""
        return self.revoked_at is not None or self.has_expired

    @property
    def is_usable(self) -> bool:
        return not self.has_ended and self.user.is_active

    def is_allowed_from(self, address: str | None) -> bool:
        """Whether it may be used from this IP address; None is one that is not known."""
        return not self.addresses or is_within(address or "", self.addresses)
