"""Callers of the API for tests: everybody of the cast, and the systems that come with tokens."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

from accounts import editing
from accounts.audit import Actor
from accounts.models import (
    ApiToken,
    AuditEntry,
    Channel,
    Deletion,
    Notice,
    Role,
    RoleAssignment,
    User,
)
from accounts.tokens import Limits, issue_token
from budgets.models import BudgetEntry, StatedTotal
from dxportal.models import (
    BookImport,
    ColumnMapping,
    DataVersion,
    Publication,
    ReportJob,
    ReportTemplate,
    SavedView,
    Webhook,
)
from dxportal.reports.publishing import publish_report
from dxportal.webhooks import services as webhooks
from kpi.models import Actual, DefinitionChange
from plans.models import (
    Correction,
    Correspondence,
    Evidence,
    Extension,
    GlossaryTerm,
    ItemComment,
    Mark,
    PlanRelation,
    PlanSection,
    ReferenceItem,
    ReferenceList,
    ReportingCycle,
    RoundItem,
    Submission,
    TargetState,
    TermNote,
)
from projects.models import (
    Milestone,
    Project,
    ProjectAlias,
    ProjectDepartment,
    ProjectSuccession,
    ProjectTag,
    Review,
    Tag,
    TagScheme,
)
from tests.cast import LAST_YEAR, THIS_YEAR, Cast

ROOT = "/api/v1/"


class Caller:
    """Somebody who calls the API: signed in, by token, or nobody."""

    def __init__(self, user: User | None = None, secret: str = "", **options: Any) -> None:
        self.client = Client(raise_request_exception=True, **options)
        if user is not None:
            self.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        address = path if path.startswith("/") else ROOT + path
        content_type = "application/json"
        if isinstance(body, dict) and "file" in body:
            body["file"].seek(0)
            data, content_type = encode_multipart(BOUNDARY, body), MULTIPART_CONTENT
        else:
            data = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        return self.client.generic(
            method,
            address,
            data,
            content_type=content_type,
            headers={**self.headers, **headers},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any) -> Any:
        return self.call("POST", path, body)

    def patch(self, path: str, body: Any) -> Any:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.call("DELETE", path)

    def rows(self, path: str) -> list[dict[str, Any]]:
        response = self.get(path)
        assert response.status_code == 200, response.content.decode()
        return response.json()["results"]


def service(cast: Cast, scope: str, name: str = "finance", **limits: Any) -> tuple[ApiToken, str]:
    """A token of a system that may read and enter everything of the city, as far as `limits`."""
    user, is_new = User.objects.get_or_create(
        username=name, defaults={"display_name": "財務会計", "organization": cast.city}
    )
    if is_new:
        RoleAssignment.objects.create(user=user, role=Role.SERVICE, organization=cast.city)
    return issue_token(Actor.system(), user, f"{name} {scope}", Limits(scope, **limits))


def admins_token(cast: Cast) -> str:
    """A token of an administrator that may write: it sees every kind of row."""
    return issue_token(Actor.system(), cast.admin, "BI", Limits("write"))[1]


def other_editor(cast: Cast) -> User:
    """An editor of the same city, in a department that the small plan's figures are not of."""
    user = User.objects.create(
        username="other_editor", display_name="他課 五郎", organization=cast.city
    )
    RoleAssignment.objects.create(
        user=user,
        role=Role.EDITOR,
        organization=cast.city,
        department=cast.departments["教育委員会"],
    )
    return user


# In the order in which the permission table lists their answers.
CALLERS = (
    "editor",
    "other_editor",
    "approver",
    "coordinator",
    "viewer",
    "admin",
    "reading_token",
    "writing_token",
    "outsider",
    "nobody",
)


def callers(cast: Cast) -> dict[str, Caller]:
    people = {name: cast.people[name] for name in CALLERS if name in cast.people}
    made = {name: Caller(user) for name, user in people.items()}
    made["other_editor"] = Caller(other_editor(cast))
    made["reading_token"] = Caller(secret=service(cast, "read")[1])
    made["writing_token"] = Caller(secret=service(cast, "write")[1])
    made["nobody"] = Caller()
    return {name: made[name] for name in CALLERS}


def one_row_of_everything(cast: Cast) -> dict[str, int]:
    """For each resource the number of a row of the city, made here where the cast has none.

    The actual and the review are those of the round that is open, and can be changed.
    """
    figure = Actual.objects.create(
        indicator=cast.indicators["来訪者"], fiscal_year=THIS_YEAR, value=19000
    )
    review = Review.objects.create(
        plan=cast.plan, measure=cast.measures["観光1"], fiscal_year=THIS_YEAR, goal="続ける。"
    )
    budget = BudgetEntry.objects.create(
        project=cast.projects["観光1-1-7"],
        fiscal_year=LAST_YEAR,
        stage="initial",
        amount=12_345_000,
        national=0,
        prefectural=0,
        bond=0,
        other=345_000,
        general=12_000_000,
    )
    settlement = BudgetEntry.objects.create(
        project=cast.projects["観光1-1-7"], fiscal_year=THIS_YEAR, stage="settled", amount=1_000
    )
    submission = Submission.objects.create(
        cycle=cast.open_cycle, department=cast.departments["観光課"]
    )
    job = finished_report(cast)
    GlossaryTerm.objects.create(plan=cast.plan, term="DX", text="デジタルによる変革。")
    PlanRelation.objects.create(
        plan=cast.plan, kind="related", name="大村市DX推進計画", related_key=cast.other_plan.key
    )
    assert cast.tag is not None and cast.open_cycle is not None
    return {
        **_of_the_open_round(cast),
        **_of_the_editors(cast),
        "organizations": cast.city.pk,
        "departments": cast.departments["観光課"].pk,
        "plans": cast.plan.pk,
        "levels": cast.levels["area"].pk,
        "measures": cast.measures["観光1"].pk,
        "phases": cast.phase.pk,
        "tags": cast.tag.pk,
        "projects": cast.projects["観光1-1-7"].pk,
        "placements": cast.projects["観光1-1-7"].placements.first().pk,
        "schedule": cast.projects["観光1-1-7"].schedule.first().pk,
        "indicators": cast.indicators["来訪者"].pk,
        "indicator-uses": cast.indicators["来訪者"].uses.first().pk,
        "targets": cast.indicators["来訪者"].targets.first().pk,
        "actuals": figure.pk,
        "reviews": review.pk,
        "budgets": budget.pk,
        "settlements": settlement.pk,
        "cycles": cast.open_cycle.pk,
        "submissions": submission.pk,
        "deletions": _deleted_tag(cast).pk,
        "reports": job.pk,
        "jobs": job.pk,
        **_of_publishing(cast),
        **webhook_of(cast),
        **_of_the_office(cast),
        "audit": AuditEntry.objects.filter(organization=cast.city).latest("pk").pk,
    }


def _of_the_office(cast: Cast) -> dict[str, int]:
    """What people keep for their work: a template, a mapping, and of the administrator the rest."""
    template = ReportTemplate.objects.create(
        organization=cast.city, name="本部会議用", sections=[{"section": "cover", "options": {}}]
    )
    mapping = ColumnMapping.objects.create(
        organization=cast.city,
        name="一覧",
        columns=[
            {"head": "指標", "means": "indicator_name"},
            {"head": "R6実績", "means": "actual", "fiscal_year": LAST_YEAR},
        ],
    )
    view = SavedView.objects.create(
        organization=cast.city, user=cast.admin, name="一覧", path="/projects/", is_shared=True
    )
    notice = Notice.objects.create(
        organization=cast.city, user=cast.admin, kind="opened", text="始まりました。", path="/"
    )
    token, _ = issue_token(Actor.system(), cast.viewer, "BI")
    return {
        "report-templates": template.pk,
        "column-mappings": mapping.pk,
        "saved-views": view.pk,
        "notices": notice.pk,
        "tokens": token.pk,
    }


def _of_publishing(cast: Cast) -> dict[str, int]:
    """A plan and a report that are public, and a book that came in and is no book."""
    Publication.objects.create(plan=cast.plan, contact="DX推進課")
    DataVersion.objects.create(plan=cast.plan, name="1", fingerprint="f", sha256="0" * 64, size=1)
    published = publish_report(
        Actor(cast.coordinator, Channel.PAGE), finished_report(cast, b"%PDF-1.6"), "年次報告書"
    )
    book = BookImport(
        organization=cast.city,
        plan=cast.plan,
        file_name="book.zip",
        sha256="0" * 64,
        state=BookImport.State.CHECKED,
        uploaded_by=cast.coordinator,
    )
    book.file.save("book.zip", ContentFile(b"no book"), save=False)
    book.save()
    return {"published-reports": published.pk, "books": book.pk}


def _of_the_editors(cast: Cast) -> dict[str, int]:
    """One row of each kind that has an editor and no place in the tree."""
    sns, plan = cast.projects["観光1-1-7"], cast.plan
    mark = Mark.objects.create(plan=plan, key="free", symbol="◇", label="予定外")
    scheme = TagScheme.objects.create(organization=cast.city, key="spare", name="使わない体系")
    change = DefinitionChange.objects.create(
        indicator=cast.indicators["来訪者"], from_fiscal_year=THIS_YEAR, note="対象を広げた。"
    )
    total = StatedTotal.objects.create(plan=plan, fiscal_year=LAST_YEAR, stage="initial", amount=1)
    succession = ProjectSuccession.objects.create(
        predecessor=sns, successor=cast.projects["観光1-2-2"], fiscal_year=THIS_YEAR
    )
    firsts: dict[str, Any] = {
        "plan-relations": PlanRelation,
        "target-states": TargetState,
        "milestones": Milestone,
        "sections": PlanSection,
        "terms": GlossaryTerm,
        "term-notes": TermNote,
        "reference-lists": ReferenceList,
        "reference-items": ReferenceItem,
        "correspondences": Correspondence,
        "project-departments": ProjectDepartment,
        "project-aliases": ProjectAlias,
        "project-tags": ProjectTag,
    }
    found = {
        name: model.objects.visible_to(cast.viewer).order_by("pk").values_list("pk", flat=True)[0]
        for name, model in firsts.items()
    }
    return found | {
        "marks": mark.pk,
        "tag-schemes": scheme.pk,
        "definition-changes": change.pk,
        "stated-totals": total.pk,
        "project-successions": succession.pk,
    }


def _deleted_tag(cast: Cast) -> Deletion:
    assert cast.tag is not None
    spare = Tag.objects.create(scheme=cast.tag.scheme, key="spare", name="使わないタグ")
    return editing.delete(Actor(cast.coordinator, Channel.PAGE), spare, spare.version)


def webhook_of(cast: Cast) -> dict[str, int]:
    """A webhook of the city, the place that it goes to, and an event that did not arrive."""
    admin = Actor(cast.admin, Channel.PAGE)
    origin = webhooks.allow_origin(admin, cast.city, "https://zaimu.city.example.lg.jp", [])
    webhook, _ = webhooks.create_webhook(
        admin, cast.city, "財務会計", f"{origin}/events", ["round.opened"]
    )
    delivery = webhooks.send_test(admin, webhook)
    return {
        "webhooks": webhook.pk,
        "webhook-origins": origin.pk,
        "webhook-deliveries": delivery.pk,
    }


def _of_the_open_round(cast: Cast) -> dict[str, int]:
    """An item that waits for its department, one that was submitted, and what hangs on it."""
    assert cast.open_cycle is not None
    items = {
        key: RoundItem.objects.create(
            cycle=cast.open_cycle,
            kind=RoundItem.Kind.ACTUAL,
            object_id=cast.indicators[key].pk,
            label=cast.indicators[key].name,
            department=cast.departments["観光課"],
        )
        for key in ("立案数", "満足度")
    }
    owed, submitted = items["立案数"], items["満足度"]
    submitted.state = RoundItem.State.SUBMITTED
    submitted.submitted_by = submitted.entered_by = cast.editor
    submitted.submitted_at = submitted.entered_at = timezone.now()
    submitted.save()
    extension = Extension.objects.create(
        cycle=cast.open_cycle,
        until=timezone.now() + timedelta(days=90),
        reason="決算を待つため",
        granted_by=cast.coordinator,
    )
    comment = ItemComment.objects.create(item=owed, by=cast.editor, text="確認しています。")
    correction = Correction.objects.create(
        item=submitted, field="実績値", before="1", after="2", reason="転記の誤り"
    )
    evidence = Evidence(item=owed, name="集計表.csv", size=3, sha256="0" * 64)
    evidence.file.save("evidence.csv", ContentFile(b"1,2"), save=False)
    evidence.save()
    return {
        "items": owed.pk,
        "submitted": submitted.pk,
        "extensions": extension.pk,
        "comments": comment.pk,
        "corrections": correction.pk,
        "evidence": evidence.pk,
    }


def finished_report(cast: Cast, content: bytes = b"%PDF-1.7") -> ReportJob:
    """A report whose file is there."""
    job = ReportJob(
        plan=cast.plan, fiscal_year=LAST_YEAR, format="pdf", requested_by=cast.coordinator
    )
    job.save()
    job.file.save("report.pdf", ContentFile(content), save=False)
    job.state, job.size = ReportJob.State.DONE, len(content)
    job.sha256 = hashlib.sha256(content).hexdigest()
    job.save()
    return job


def grow_the_rest(cast: Cast, size: int) -> None:
    """So many more rows of what `tests.cast.grow` leaves as it is; call it after that."""
    projects = list(Project.objects.filter(organization=cast.city).order_by("pk"))
    admin, webhook = Actor(cast.admin, Channel.PAGE), Webhook.objects.get()
    for number in range(size):
        year = 2030 + number
        cycle = ReportingCycle.objects.create(plan=cast.plan, fiscal_year=year)
        for department in cast.departments.values():
            Submission.objects.create(
                cycle=cycle,
                department=department,
                submitted_by=cast.editor,
                approved_by=cast.approver,
            )
        BudgetEntry.objects.create(
            project=projects[number], fiscal_year=year, stage="settled", amount=1
        )
        ProjectSuccession.objects.create(
            predecessor=projects[number], successor=projects[-1], fiscal_year=year
        )
        Actual.objects.create(
            indicator=cast.indicators["来訪者"],
            fiscal_year=year,
            value=number,
            entered_by=cast.editor,
        )
        finished_report(cast)
        origin = webhooks.allow_origin(admin, cast.city, f"https://{number}.example.jp", [])
        webhooks.create_webhook(admin, cast.city, str(number), str(origin), ["round.opened"])
        webhooks.send_test(admin, webhook)
        _deleted_tag(cast)
        Notice.objects.create(
            organization=cast.city, user=cast.admin, kind="due", text=f"{number}", path="/"
        )
        SavedView.objects.create(
            organization=cast.city, user=cast.viewer, name=f"{number}", path="/", is_shared=True
        )
        ReportTemplate.objects.create(organization=cast.city, plan=cast.plan, name=f"{number}")
        ColumnMapping.objects.create(organization=cast.city, name=f"{number}")
        issue_token(Actor.system(), cast.viewer, f"{number}")
        item = RoundItem.objects.create(
            cycle=cycle,
            kind=RoundItem.Kind.ACTUAL,
            object_id=number,
            label=f"項目{number}",
            entered_by=cast.editor,
        )
        Extension.objects.create(
            cycle=cycle, item=item, until=timezone.now(), reason="延長", granted_by=cast.coordinator
        )
        ItemComment.objects.create(item=item, by=cast.editor, text="確認しました。")
        Correction.objects.create(
            item=item, field="実績値", reason="訂正", corrected_by=cast.editor
        )
        Evidence.objects.create(
            item=item, name="表.csv", file="a", size=1, sha256="1", added_by=cast.editor
        )


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside leaves no trace in the database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
