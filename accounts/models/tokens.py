"""Tokens with which other systems use the API; only a hash is kept."""

import hashlib
import secrets

from django.db import models
from django.utils import timezone

from accounts.models.people import User

PREFIX = "dxp_"


def hash_token(token: str) -> str:
    """SHA-256 of a token; enough for a random secret of 256 bits, which needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


class ApiToken(models.Model):
    """A token of a user (usually of the role `service`), limited by scope and end."""

    class Scope(models.TextChoices):
        READ = "read", "読み取り"
        WRITE = "write", "読み取りと書き込み"

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens", verbose_name="利用者")
    name = models.CharField("用途", max_length=100)
    digest = models.CharField("ハッシュ", max_length=64, unique=True, editable=False)
    hint = models.CharField("末尾4文字", max_length=4, editable=False)
    scope = models.CharField("範囲", max_length=10, choices=Scope, default=Scope.READ)
    created_at = models.DateTimeField("発行日時", auto_now_add=True)
    expires_at = models.DateTimeField("有効期限", null=True, blank=True)
    last_used_at = models.DateTimeField("最終利用", null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField("失効日時", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "APIトークン"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name}（…{self.hint}）"

    @classmethod
    def new_secret(cls) -> str:
        return PREFIX + secrets.token_urlsafe(32)

    @property
    def is_usable(self) -> bool:
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not expired and self.user.is_active
