from django.db import migrations


def carry(apps, schema_editor):
    """Other plans are named by their key from now on."""
    Plan = apps.get_model("plans", "Plan")
    PlanRelation = apps.get_model("plans", "PlanRelation")
    for relation in PlanRelation.objects.filter(related_plan__isnull=False):
        relation.related_key = relation.related_plan.key
        relation.save()
    for plan in Plan.objects.filter(parent__isnull=False):
        PlanRelation.objects.update_or_create(
            plan=plan,
            kind="parent",
            name=plan.parent.name,
            defaults={"related_key": plan.parent.key},
        )


class Migration(migrations.Migration):
    dependencies = [("plans", "0002_more_documents")]
    operations = [migrations.RunPython(carry, migrations.RunPython.noop)]
