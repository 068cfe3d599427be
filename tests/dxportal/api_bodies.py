"""What a caller sends to each route of the API where something can be written.

The tables of who may do what (`test_api_permissions`, `test_token_permissions`) send it.
"""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.cast import LAST_YEAR, THIS_YEAR, Cast

# Changes of rows that have no note of their source.
CHANGED: dict[str, dict[str, Any]] = {
    "marks": {"label": "ほか"},
    "plan-relations": {"note": "第2章"},
    "target-states": {"text": "広がっている。"},
    "reference-items": {"note": "注"},
    "project-departments": {"and_others": True},
    "project-aliases": {"note": "第2章"},
    "project-successions": {"note": "統合"},
    "tag-schemes": {"name": "改めた体系"},
    "definition-changes": {"note": "改めた。"},
}


def bodies(cast: Cast, rows: dict[str, int]) -> dict[tuple[str, str], Any]:
    """What a caller sends where something can be written."""
    review = {"plan": cast.plan.pk, "fiscal_year": THIS_YEAR, "goal": "進める。"}
    corrected = {"plan": cast.plan.pk, "fiscal_year": LAST_YEAR, "reason": "転記の誤り"}
    assert cast.open_cycle is not None
    read = {"version": 1}
    return {
        **_edits(cast, rows),
        ("api-webhooks-list", "POST"): {
            "organization": cast.city.pk,
            "name": "データ基盤",
            "url": "https://zaimu.city.example.lg.jp/bi",
            "events": ["report.published"],
        },
        ("api-webhooks-detail", "PATCH"): {"is_active": False, **read},
        ("api-webhooks-rotate-secret", "POST"): read,
        ("api-webhooks-test", "POST"): {},
        ("api-webhooks-replay-dead", "POST"): {},
        ("api-webhook-origins-list", "POST"): {
            "organization": cast.city.pk,
            "origin": "https://bi.city.example.lg.jp",
        },
        ("api-webhook-deliveries-replay", "POST"): {},
        **_acts(cast, rows),
        **_of_the_office(cast, rows),
        ("api-cycles-list", "POST"): {"plan": cast.plan.pk, "fiscal_year": 2026},
        ("api-cycles-detail", "PATCH"): {"asks_progress": True, **read},
        ("api-cycles-move", "POST"): {"to": "closed", **read},
        ("api-submissions-submit", "POST"): read,
        ("api-submissions-withdraw", "POST"): read,
        ("api-items-submit", "POST"): read,
        ("api-items-withdraw", "POST"): read,
        ("api-items-send-back", "POST"): {"reason": "確かめてください。", **read},
        ("api-items-approve", "POST"): read,
        ("api-items-bulk", "POST"): {
            "step": "submit",
            "items": [{"id": rows["items"], "version": 1}],
        },
        ("api-extensions-list", "POST"): {
            "cycle": cast.open_cycle.pk,
            "until": "2099-01-01T00:00:00+09:00",
            "reason": "決算を待つため",
        },
        ("api-extensions-end", "POST"): read,
        ("api-comments-list", "POST"): {"item": rows["items"], "text": "確認します。"},
        ("api-corrections-list", "POST"): {
            "plan": cast.plan.pk,
            "indicator": cast.indicators["立案数"].pk,
            "fiscal_year": LAST_YEAR,
            "value": "8",
            "reason": "転記の誤り",
            "version": 1,
        },
        ("api-corrections-reviews", "POST"): {
            **corrected,
            "measure": cast.measures["行政"].pk,
            "goal": "新しい目標",
        },
        ("api-corrections-stages", "POST"): {
            **corrected,
            "project": cast.projects["観光1-2-2"].pk,
            "actual": "build",
        },
        ("api-corrections-settlements", "POST"): {
            **corrected,
            "project": cast.projects["観光1-2-2"].pk,
            "amount": 1,
        },
        ("api-settlements-list", "POST"): {
            "plan": cast.plan.pk,
            "project": cast.projects["観光1-2-2"].pk,
            "fiscal_year": THIS_YEAR,
            "amount": 1,
        },
        ("api-settlements-detail", "PATCH"): {"plan": cast.plan.pk, "amount": 2, **read},
        ("api-settlements-bulk", "POST"): {
            "plan": cast.plan.pk,
            "dry_run": True,
            "rows": [{"project_key": "観光1-2-2", "fiscal_year": THIS_YEAR, "amount": 1}],
        },
        ("api-schedule-record", "POST"): {
            "plan": cast.plan.pk,
            "project": cast.projects["観光1-1-7"].pk,
            "fiscal_year": THIS_YEAR,
            "actual": "operate",
            **read,
        },
        ("api-actuals-bulk", "POST"): {
            "organization": cast.city.pk,
            "dry_run": True,
            "rows": [{"indicator_key": "立案数", "fiscal_year": THIS_YEAR, "value": "7"}],
        },
        ("api-actuals-list", "POST"): {
            "indicator": cast.indicators["立案数"].pk,
            "fiscal_year": THIS_YEAR,
            "value": "7",
        },
        ("api-actuals-detail", "PATCH"): {"value": "19,001", "version": 1},
        ("api-reviews-list", "POST"): {**review, "project": cast.projects["観光1-2-2"].pk},
        ("api-reviews-detail", "PATCH"): {"mark": "behind", "version": 1},
        ("api-jobs-list", "POST"): {
            "plan": cast.plan.pk,
            "fiscal_year": THIS_YEAR,
            "format": "pdf",
        },
    }


def _of_the_office(cast: Cast, rows: dict[str, int]) -> dict[tuple[str, str], Any]:
    """What people arrange for their work, and who is in charge of it."""
    read, city = {"version": 1}, cast.city.pk
    column = {"head": "事業", "means": "project_name"}
    value = {"head": "R7", "means": "schedule_planned", "fiscal_year": THIS_YEAR}
    return {
        ("api-organizations-reorganize", "POST"): {
            "on": "2026-04-01",
            "moves": [
                {"old": cast.departments["観光課"].pk, "successors": [{"name": "観光交流課"}]}
            ],
            "dry_run": True,
        },
        ("api-report-templates-list", "POST"): {"organization": city, "name": "新しいひな形"},
        ("api-report-templates-detail", "PATCH"): {"cover": {"title": "報告"}, **read},
        ("api-report-templates-copy", "POST"): {"name": "写し"},
        ("api-column-mappings-list", "POST"): {
            "organization": city,
            "name": "予定表",
            "columns": [column, value],
        },
        ("api-column-mappings-detail", "PATCH"): {"header_row": 2, **read},
        ("api-saved-views-list", "POST"): {"name": "事業", "path": "/projects/"},
        ("api-saved-views-detail", "PATCH"): {"mails_monthly": True},
        ("api-notices-read", "POST"): {"notices": [rows["notices"]]},
        ("api-notices-mail-settings", "PATCH"): {"unwanted": ["comment"]},
        ("api-tokens-rotate", "POST"): {},
        ("api-tokens-revoke", "POST"): {"reason": "使わなくなったため"},
        ("api-tokens-revoke-own", "POST"): {},
    }


def _acts(cast: Cast, rows: dict[str, int]) -> dict[tuple[str, str], Any]:
    """What is done with plans, departments, files and reports."""
    read, city = {"version": 1}, cast.city.pk
    file = SimpleUploadedFile("表.csv", "件数\n3\n".encode())
    bodies: dict[str, Any] = {
        "api-plans-revise": {
            "key": "next",
            "name": cast.plan.name,
            "edition": "改定",
            "applies_from": cast.plan.last_fiscal_year,
        },
        "api-plans-put-into-force": read,
        "api-plans-publish": {"contact": "政策課"},
        "api-plans-withdraw": {"reason": "誤りがあったため"},
        "api-plans-withdraw-data": {"data_version": "1", "reason": "誤りがあったため"},
        "api-column-mappings-suggest": {"plan": cast.plan.pk, "file": file},
        "api-placements-move": {"measure": cast.measures["観光2"].pk, "index": 0, **read},
        "api-departments-list": {"organization": city, "name": "新しい課"},
        "api-departments-end": {"valid_to": "2030-03-31", **read},
        "api-evidence-list": {"item": rows["items"], "file": file},
        "api-cycles-refresh": {},
        "api-cycles-entry-book-preview": {"file": file},
        "api-cycles-entry-book-apply": {"edits": "x"},
        "api-cycles-remind": {"departments": [cast.departments["観光課"].pk]},
        "api-reports-publish": {"title": "年次報告書"},
        "api-published-reports-withdraw": {"reason": "差し替えるため"},
        "api-books-list": {"organization": city, "file": file},
        "api-books-apply": {"plan_state": "0"},
        "api-books-discard": {},
        "api-jobs-cancel": {},
    }
    year, project = {"fiscal_year": THIS_YEAR}, {"project_key": "観光1-1-7"}
    rows_sent: dict[str, dict[str, Any]] = {
        "budgets": {**project, **year, "stage": "initial", "amount": 1},
        "targets": {"indicator_key": "来訪者", **year, "value": "1"},
        "schedule": {**project, **year, "planned": "build"},
        "schedule-record": {**project, **year, "actual": "build"},
        "reviews": {**project, **year, "goal": "進める。"},
    }
    bodies |= {
        f"api-{name}-bulk": {"plan": cast.plan.pk, "dry_run": True, "rows": [row]}
        for name, row in rows_sent.items()
    }
    return {
        **{(name, "POST"): body for name, body in bodies.items()},
        ("api-departments-detail", "PATCH"): {"name": "観光物産課", **read},
    }


def _edits(cast: Cast, rows: dict[str, int]) -> dict[tuple[str, str], Any]:
    """A new row of everything that can be edited, and a change of the one that there is."""
    assert cast.tag is not None
    new: dict[str, dict[str, Any]] = {
        "levels": {"name": "細目", "depth": 4},
        "phases": {"name": "後期", "first_fiscal_year": 2026, "last_fiscal_year": 2027},
        "tags": {"scheme": cast.tag.scheme_id, "name": "自治体フロントヤード"},
        "projects": {"name": "新しい事業", "measure": cast.measures["観光1-1"].pk},
        "placements": {
            "project": cast.projects["観光1-2-2"].pk,
            "measure": cast.measures["観光1-1"].pk,
        },
        "schedule": {
            "project": cast.projects["教育1-1"].pk,
            "fiscal_year": 2026,
            "planned": "build",
        },
        "indicators": {"name": "新しい指標"},
        "indicator-uses": {
            "indicator": cast.indicators["苦情"].pk,
            "measure": cast.measures["観光1"].pk,
            "role": "kpi",
        },
        "targets": {"indicator": cast.indicators["来訪者"].pk, "fiscal_year": 2026, "value": "25"},
        "budgets": {
            "project": cast.projects["教育1-1"].pk,
            "fiscal_year": 2026,
            "stage": "initial",
            "amount": 1000,
        },
        "measures": {"parent": cast.measures["観光"].pk, "name": "新しい課題"},
        **_texts(cast, rows),
    }
    made = {
        (f"api-{name}-list", "POST"): {"plan": cast.plan.pk, **body} for name, body in new.items()
    }
    changed = {
        (f"api-{name}-detail", "PATCH"): {"source_note": "第2章", "version": 1}
        for name in (*new, "plans")
    }
    for name, change in CHANGED.items():
        read = {} if name == "tag-schemes" else {"version": 1}
        changed[f"api-{name}-detail", "PATCH"] = {**change, **read}
    renamed = {"name": "改めた名称", "version": 1}
    named = {(f"api-{name}-detail", "PATCH"): renamed for name in ("levels", "phases", "tags")}
    moved = {"parent": cast.measures["観光"].pk, "index": 1, "version": 1}
    return {
        **made,
        **changed,
        **named,
        ("api-measures-move", "POST"): moved,
        ("api-deletions-restore", "POST"): {},
    }


def _texts(cast: Cast, rows: dict[str, int]) -> dict[str, dict[str, Any]]:
    """A new row of each kind that is read off its editor."""
    measure, project = cast.measures["観光2"].pk, cast.projects["教育1-1"].pk
    return {
        "marks": {"symbol": "☆", "label": "前倒し"},
        "plan-relations": {"kind": "related", "name": "総合計画"},
        "target-states": {"measure": measure, "phase": cast.phase.pk, "text": "増えている。"},
        "milestones": {"measure": measure, "first_fiscal_year": 2025, "text": "開発"},
        "sections": {"title": "推進体制", "text": "本部を置く。"},
        "terms": {"term": "BPR", "text": "業務の見直し。"},
        "term-notes": {"term": rows["terms"], "mark": "※3", "measure": measure},
        "reference-lists": {"title": "標準化対象業務"},
        "reference-items": {"reference_list": rows["reference-lists"], "label": "住民記録"},
        "correspondences": {"table": "国の施策", "theirs": "オンライン化", "ours": "手続"},
        "project-departments": {
            "project": project,
            "department": cast.departments["観光課"].pk,
        },
        "project-aliases": {"project": project, "name": "端末整備"},
        "project-successions": {
            "predecessor": project,
            "successor": cast.projects["観光1-2-2"].pk,
            "fiscal_year": 2025,
        },
        "project-tags": {
            "tag": rows["tags"],
            "project": project,
            "measure": cast.measures["教育1"].pk,
        },
        "tag-schemes": {"name": "新しい体系", "version": "2025"},
        "definition-changes": {
            "indicator": rows["indicators"],
            "from_fiscal_year": 2026,
            "note": "単位を改めた。",
        },
        "stated-totals": {"fiscal_year": 2025, "stage": "initial", "amount": 1000},
    }
