"""The two logs as files: as they are kept, one row an entry, for other tools."""

import json
from typing import Any

from django.utils.timezone import localtime

from accounts.models import ApiCall, AuditEntry
from dxportal.access.names import kind_of
from plans.exports import Column, Exporter


def _at(row: AuditEntry | ApiCall) -> str:
    return localtime(row.at).isoformat(timespec="seconds")


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) if values else ""


class AuditExporter(Exporter):
    identifier = "audit"
    title = "監査記録"
    columns = (
        Column("番号", lambda row: row.pk, 10),
        Column("日時", _at, 26),
        Column("団体", lambda row: str(row.organization or "")),
        Column("操作した人の番号", lambda row: row.actor_id),
        Column("操作した人", lambda row: row.actor_name, 20),
        Column("トークンの番号", lambda row: row.token_id),
        Column("トークン", lambda row: str(row.token or ""), 24),
        Column("経路", lambda row: row.get_channel_display()),
        Column("操作", lambda row: row.action, 24),
        Column("対象の種類", lambda row: kind_of(row.object_type)),
        Column("対象の番号", lambda row: row.object_id),
        Column("対象", lambda row: row.object_label, 40),
        Column("計画の番号", lambda row: row.plan_id),
        Column("変更前", lambda row: _json(row.before), 40),
        Column("変更後", lambda row: _json(row.after), 40),
        Column("理由", lambda row: row.reason, 30),
    )


class CallExporter(Exporter):
    identifier = "calls"
    title = "APIの呼び出し"
    columns = (
        Column("番号", lambda row: row.pk, 10),
        Column("日時", _at, 26),
        Column("利用者の番号", lambda row: row.user_id),
        Column("利用者", lambda row: str(row.user or ""), 20),
        Column("トークンの番号", lambda row: row.token_id),
        Column("トークン", lambda row: str(row.token or ""), 24),
        Column("メソッド", lambda row: row.method),
        Column("呼び出し先", lambda row: row.route, 40),
        Column("行の番号", lambda row: row.object_id),
        Column("状態コード", lambda row: row.status),
        Column("接続元", lambda row: row.address or "", 18),
        Column("ミリ秒", lambda row: row.milliseconds),
    )
