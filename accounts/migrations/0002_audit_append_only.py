"""Let the database itself refuse to change or delete audit entries."""

from django.db import migrations

TABLE = "accounts_auditentry"
MESSAGE = "audit entries are never changed or deleted"

POSTGRESQL = [
    f"""
    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$
    """,
    f"""
    CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()
    """,
]
SQLITE = [
    f"""
    CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON {TABLE}
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END
    """
    for verb in ("UPDATE", "DELETE")
]
UNDO = {
    "postgresql": [
        f"DROP TRIGGER audit_append_only ON {TABLE}",
        "DROP FUNCTION refuse_audit_change()",
    ],
    "sqlite": ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
}


def guard(apps, schema_editor):
    for statement in {"postgresql": POSTGRESQL, "sqlite": SQLITE}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
