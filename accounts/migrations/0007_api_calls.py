"""The log of API calls, which the database itself refuses to change."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

MESSAGE = "API calls are never changed"
POSTGRESQL = [
    f"""
    CREATE FUNCTION refuse_call_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$
    """,
    """
    CREATE TRIGGER call_no_update BEFORE UPDATE ON accounts_apicall
    FOR EACH ROW EXECUTE FUNCTION refuse_call_change()
    """,
]
SQLITE = [
    f"""
    CREATE TRIGGER call_no_update BEFORE UPDATE ON accounts_apicall
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END
    """
]
UNDO = {
    "postgresql": [
        "DROP TRIGGER call_no_update ON accounts_apicall",
        "DROP FUNCTION refuse_call_change()",
    ],
    "sqlite": ["DROP TRIGGER call_no_update"],
}


def guard(apps, schema_editor):
    for statement in {"postgresql": POSTGRESQL, "sqlite": SQLITE}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_token_limits"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiCall",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(db_index=True, verbose_name="日時")),
                ("method", models.CharField(max_length=10, verbose_name="メソッド")),
                ("route", models.CharField(max_length=200, verbose_name="呼び出し先")),
                ("object_id", models.BigIntegerField(null=True, verbose_name="行の番号")),
                ("status", models.PositiveSmallIntegerField(verbose_name="状態コード")),
                ("address", models.GenericIPAddressField(null=True, verbose_name="接続元")),
                ("milliseconds", models.PositiveIntegerField(verbose_name="所要時間（ミリ秒）")),
                ("is_change", models.BooleanField(verbose_name="書き込み")),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                        verbose_name="利用者の団体",
                    ),
                ),
                (
                    "token",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.apitoken",
                        verbose_name="トークン",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="利用者",
                    ),
                ),
            ],
            options={
                "verbose_name": "APIの呼び出し",
                "verbose_name_plural": "APIの呼び出し",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["token", "-id"], name="call_token"),
                    models.Index(fields=["organization", "-id"], name="call_organization"),
                ],
            },
        ),
        migrations.RunPython(guard, unguard),
    ]
