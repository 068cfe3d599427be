from django.db import migrations


def carry(apps, schema_editor):
    """Departments and tags of projects now stand with the plan that names them."""
    ProjectDepartment = apps.get_model("projects", "ProjectDepartment")
    ProjectTag = apps.get_model("projects", "ProjectTag")
    Placement = apps.get_model("projects", "Placement")
    Tag = apps.get_model("projects", "Tag")
    for link in ProjectDepartment.objects.select_related("project"):
        plans = list(
            Placement.objects.filter(project=link.project, is_primary=True)
            .order_by("plan_id")
            .values_list("plan_id", flat=True)
        )
        link.and_others = link.project.has_other_departments
        if not plans:
            link.delete()  # no plan names it any more
            continue
        for plan_id in plans:
            link.plan_id = plan_id
            link.save(force_insert=link.pk is None)
            link.pk = None
    for tagged in Tag.projects.through.objects.all():
        for place in Placement.objects.filter(project_id=tagged.project_id, is_primary=True):
            ProjectTag.objects.create(
                tag_id=tagged.tag_id, project_id=tagged.project_id, measure_id=place.measure_id
            )


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_more_documents")]
    operations = [migrations.RunPython(carry, migrations.RunPython.noop)]
