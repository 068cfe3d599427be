from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("plans", "0003_carry_links")]
    operations = [
        migrations.RemoveConstraint(
            model_name="plan",
            name="plan_not_its_own_parent",
        ),
        migrations.RemoveField(
            model_name="plan",
            name="parent",
        ),
        migrations.RemoveField(
            model_name="planrelation",
            name="related_plan",
        ),
    ]
