"""`manage.py build_report`: build an annual report into a file, by the same code as the job."""

from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dxportal.models import ReportJob, ReportTemplate
from dxportal.reports.build import build
from dxportal.reports.design import Design
from dxportal.reports.pool import Pool
from dxportal.reports.templates import design_of
from plans import fiscal_years
from plans.models import Plan


class Command(BaseCommand):
    help = (
        "Build the annual report of a plan and fiscal year into a file, at once and without the "
        "job queue."
    )
    epilog = (
        "examples:\n"
        "  manage.py build_report --plan dx-action-plan-r6 --fiscal-year R6 --format pdf "
        "--output report.pdf\n"
        "  manage.py build_report --plan 422029/dx --fiscal-year 2024 --format xlsx "
        "--output report.xlsx"
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=self.epilog,
            formatter_class=RawDescriptionHelpFormatter,
            **kwargs,
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--plan",
            required=True,
            metavar="KEY",
            help="key of the plan; where two organizations use the same key, CODE/KEY with the "
            "organization's six-digit code",
        )
        parser.add_argument(
            "--fiscal-year",
            required=True,
            metavar="YEAR",
            help="fiscal year of the report: R6, 令和6年度 or 2024",
        )
        parser.add_argument(
            "--format", required=True, choices=ReportJob.Format.values, help="kind of file"
        )
        parser.add_argument(
            "--template",
            default="",
            metavar="NAME",
            help="name of a report template of the plan's organization; without it, the usual "
            "sections",
        )
        parser.add_argument(
            "--workers",
            type=int,
            default=1,
            metavar="NUMBER",
            help="so many processes lay out a PDF; the file is the same with any number",
        )
        parser.add_argument(
            "--output",
            required=True,
            type=Path,
            metavar="FILE",
            help="file to write; one that is there is replaced when the new one is complete",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        plan = find_plan(options["plan"])
        fiscal_year = read_fiscal_year(options["fiscal_year"], plan)
        design = find_design(options["template"], plan, fiscal_year)
        output: Path = options["output"]
        draft = output.with_name(f".{output.name}.part")
        try:
            report = build(
                plan,
                fiscal_year,
                options["format"],
                draft,
                self._tell(options),
                design=design,
                crew=Pool(options["workers"]) if options["workers"] > 1 else None,
            )
            draft.replace(output)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
        finally:
            draft.unlink(missing_ok=True)
        self.stdout.write(
            f"{output}: {output.stat().st_size:,} bytes, data as of "
            f"{report.data_as_of:%Y-%m-%d %H:%M:%S %Z}, "
            f"{report.unapproved_count} actuals not yet approved"
        )
        for lacking in report.missing:
            self.stderr.write(
                f"The font lacks {lacking['character']} ({lacking['code']}): "
                f"{lacking['section']}: {lacking['words']}"
            )

    def _tell(self, options: dict[str, Any]) -> Any:
        """Say each step once with `--verbosity 2`."""
        said: set[str] = set()

        def tell(step: str, percent: int) -> None:
            name = step.partition("（")[0]
            if options["verbosity"] >= 2 and name not in said:
                said.add(name)
                self.stderr.write(f"{percent:3d}% {name}")

        return tell


def find_plan(text: str) -> Plan:
    code, _, key = text.rpartition("/")
    plans = Plan.objects.filter(key=key).select_related("organization")
    if code:
        plans = plans.filter(organization__code=code)
    found = list(plans)
    if len(found) == 1:
        return found[0]
    known = Plan.objects.values_list("organization__code", "key")
    names = ", ".join(f"{code}/{key}" for code, key in known) or "none"
    problem = "Several plans have" if found else "There is no plan with"
    raise CommandError(f"{problem} the key '{text}'. Plans: {names}")


def find_design(name: str, plan: Plan, fiscal_year: int) -> Design:
    if not name:
        return Design()
    templates = ReportTemplate.objects.filter(organization_id=plan.organization_id)
    found = templates.filter(name=name).first()
    if found is not None:
        return design_of(found, fiscal_year)
    known = ", ".join(templates.values_list("name", flat=True)) or "none"
    raise CommandError(f"There is no report template '{name}'. Templates: {known}")


def read_fiscal_year(text: str, plan: Plan) -> int:
    try:
        fiscal_year = fiscal_years.parse(text)
    except ValueError as error:
        raise CommandError(str(error)) from error
    if fiscal_year not in plan.fiscal_years:
        first, last = plan.first_fiscal_year, plan.last_fiscal_year
        raise CommandError(f"{fiscal_year} is outside the plan's years, {first} to {last}.")
    return fiscal_year
