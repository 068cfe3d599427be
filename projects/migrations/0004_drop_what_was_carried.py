import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0003_carry_departments_and_tags")]
    operations = [
        migrations.RemoveField(model_name="project", name="has_other_departments"),
        migrations.AlterField(
            model_name="projectdepartment",
            name="plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="project_departments",
                to="plans.plan",
                verbose_name="計画",
            ),
        ),
        # A many-to-many field cannot be altered to stand on another table.
        migrations.RemoveField(model_name="tag", name="projects"),
        migrations.AddField(
            model_name="tag",
            name="projects",
            field=models.ManyToManyField(
                related_name="tags",
                through="projects.ProjectTag",
                to="projects.project",
                verbose_name="事業",
            ),
        ),
    ]
