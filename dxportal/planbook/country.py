"""A whole synthetic country: one city's rows, copied in the database to as many cities as wanted.

Each copy's row has the number of the original plus a multiple of one stride, and so have the rows
that it refers to: one INSERT … SELECT a table, with no row ever read into Python.
"""

from collections.abc import Iterator
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import Max, QuerySet

from accounts.models import AuditEntry, DepartmentSuccession, Organization
from accounts.models.organizations import check_digit
from budgets.models import BudgetEntry
from dxportal.models import Publication
from dxportal.planbook.sheets import SHEETS
from plans.models import RoundItem, Submission
from projects.models import Project, Tag

MUNICIPALITIES = 1741
TABLES: tuple[type[models.Model], ...] = tuple(
    dict.fromkeys(
        [*(sheet.model for sheet in SHEETS), Submission, RoundItem, Publication, AuditEntry]
    )
)
# Tables whose selections do not say themselves how a row belongs to its city.
PATHS: dict[type[models.Model], str] = {
    DepartmentSuccession: "predecessor__organization_id",
    Tag.measures.through: "tag__scheme__organization_id",
}
# Numbers of copied rows in columns that are no foreign keys.
NUMBERS: dict[type[models.Model], tuple[str, ...]] = {
    RoundItem: ("object_id",),
    AuditEntry: ("object_id", "plan_id"),
}
# Amounts for a city that has none: 当初 and 決算 of a year, in yen.
BUDGETED = ((BudgetEntry.Stage.INITIAL, 1_000_000), (BudgetEntry.Stage.SETTLED, 900_000))


def copy_city(city: Organization, cities: int, fiscal_year: int) -> int:
    """Make the country have `cities` cities, all but the first like `city`; the number of rows.

    All or nothing. On PostgreSQL the check of each foreign key is left out, which needs a
    superuser: the copies refer to copies, by construction.
    """
    copies = cities - 1
    total = 0
    with transaction.atomic(), connection.cursor() as cursor:
        _give_budgets(city, fiscal_year)
        stride = _stride()
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = 'replica'")
        for model in TABLES:
            cursor.execute(*_copy_of(model, city, copies, stride))
            total += cursor.rowcount
        _name_cities(city, copies, stride)
        for statement in connection.ops.sequence_reset_sql(no_style(), TABLES):
            cursor.execute(statement)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # else the first pages are planned for empty tables
    return total


def _stride() -> int:
    """A round number above every number in use."""
    highest = max(model._base_manager.aggregate(most=Max("pk"))["most"] or 0 for model in TABLES)
    return 10 ** len(str(highest))


def _copy_of(
    model: type[models.Model], city: Organization, copies: int, stride: int
) -> tuple[str, tuple[Any, ...]]:
    names, values = [], []
    for field in model._meta.concrete_fields:
        column = connection.ops.quote_name(str(field.column))
        names.append(column)
        values.append(_value(model, field, f"t.{column}", stride))
    table = connection.ops.quote_name(model._meta.db_table)
    key = connection.ops.quote_name(str(model._meta.pk.column))
    chosen, parameters = _rows_of(model, city).values("pk").query.sql_with_params()
    return (
        f"{_numbers(copies)} INSERT INTO {table} ({', '.join(names)}) "  # noqa: S608  # own names
        f"SELECT {', '.join(values)} FROM {table} t CROSS JOIN numbers "
        f"WHERE t.{key} IN ({chosen})",
        (*parameters,),
    )


def _value(model: type[models.Model], field: models.Field, column: str, stride: int) -> str:
    """What a copy says in this column, as SQL over the original `t` and the copy's number `n`."""
    if model is Organization and field.name == "code":
        # Any text that nobody else has, until the copies get their codes.
        return "'#' || n"
    is_number = field.name in NUMBERS.get(model, ())
    if field.primary_key or is_number or field.related_model in TABLES:
        return f"{column} + n * {stride}"
    if field.related_model is not None:
        if not field.null:
            raise TypeError(f"{model.__name__}.{field.name} refers to what is not copied.")
        return "NULL"
    return column


def _rows_of(model: type[models.Model], city: Organization) -> QuerySet:
    rows = model._default_manager.all()
    path = PATHS.get(model) or getattr(rows, "organization_path", "")
    if not path:
        raise TypeError(f"How does a row of {model.__name__} belong to a city?")
    return rows.filter(**{path: city.pk}).order_by()


def _numbers(copies: int) -> str:
    return (
        "WITH RECURSIVE numbers(n) AS "  # noqa: S608  # a number of ours
        f"(SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {copies})"
    )


def _name_cities(city: Organization, copies: int, stride: int) -> None:
    taken = set(Organization.objects.values_list("code", flat=True))
    codes = _codes(taken)
    rows = [
        Organization(pk=city.pk + number * stride, code=next(codes), name=f"見本{number:04}市")
        for number in range(1, copies + 1)
    ]
    Organization.objects.bulk_update(rows, ["code", "name"], batch_size=500)


def _codes(taken: set[str]) -> Iterator[str]:
    for prefecture in range(1, 48):
        for number in range(800, 1000):  # numbers that no municipality has
            digits = f"{prefecture:02}{number}"
            code = digits + check_digit(digits)
            if code not in taken:
                yield code


def _give_budgets(city: Organization, fiscal_year: int) -> None:
    """Amounts for the city's projects where none has any, different from project to project."""
    if BudgetEntry.objects.filter(project__organization=city).exists():
        return
    projects = Project.objects.filter(organization=city).values_list("pk", flat=True)
    BudgetEntry.objects.bulk_create(
        BudgetEntry(
            project_id=pk, fiscal_year=fiscal_year, stage=stage, amount=(pk % 97 + 1) * unit
        )
        for pk in projects
        for stage, unit in BUDGETED
    )
