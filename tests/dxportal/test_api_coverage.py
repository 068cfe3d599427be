"""What pages can do, the API can do: every page that changes something names its way in the API.

A new page that is in neither table fails; so does a name that leads nowhere.
"""

from dxportal.editors.api_resources import KINDS
from dxportal.editors.registry import EDITORS
from dxportal.urls.api import RESOURCES, router
from tests.dxportal.test_page_permissions import TABLE

# {the page: the API's routes that do the same}
IN_API: dict[str, tuple[str, ...]] = {
    # A new plan comes by its book.
    "plans:create": ("api-books-list", "api-books-apply"),
    "plans:revise": ("api-plans-revise",),
    "plans:publish": ("api-plans-publish", "api-plans-publication"),
    "plans:withdraw": ("api-plans-withdraw",),
    "plans:put_into_force": ("api-plans-put-into-force",),
    "plans:withdraw_version": ("api-plans-data-versions", "api-plans-withdraw-data"),
    "rounds:entry_item": (
        *("api-actuals-list", "api-actuals-detail", "api-settlements-list"),
        *("api-settlements-detail", "api-reviews-list", "api-reviews-detail"),
        "api-schedule-record",
    ),
    "rounds:entry_submit": ("api-submissions-submit", "api-items-bulk"),
    "rounds:entry_book_upload": ("api-cycles-entry-book", "api-cycles-entry-book-preview"),
    "rounds:entry_book_apply": ("api-cycles-entry-book-apply",),
    "rounds:create": ("api-cycles-list",),
    "rounds:change": ("api-cycles-detail",),
    "rounds:move": ("api-cycles-move",),
    "rounds:refresh": ("api-cycles-refresh",),
    "rounds:act": ("api-items-bulk", "api-cycles-remind", "api-extensions-list"),
    "rounds:end_extension": ("api-extensions-end",),
    "rounds:comment": ("api-comments-list",),
    "rounds:step": (
        *("api-items-submit", "api-items-withdraw", "api-items-send-back"),
        "api-items-approve",
    ),
    "rounds:approve_all": ("api-items-bulk",),
    "rounds:correct": ("api-corrections-list",),
    "rounds:evidence": ("api-evidence-list",),
    "rounds:evidence_remove": ("api-evidence-detail",),
    "books:upload": ("api-books-list",),
    "books:choose": ("api-books-preview", "api-books-apply"),
    "books:apply": ("api-books-apply",),
    "books:discard": ("api-books-discard",),
    "accounts:add_department": ("api-departments-list",),
    "accounts:department": ("api-departments-detail",),
    "accounts:end_department": ("api-departments-end",),
    "reports:start": ("api-jobs-list",),
    "reports:cancel": ("api-jobs-cancel",),
    "reports:publish": ("api-reports-publish",),
    "reports:withdraw": ("api-published-reports-withdraw",),
    "editing:restore": ("api-deletions-restore",),
    # Of each kind of rows: see the test of the editors.
    "editing:add": ("api-measures-list", "api-targets-list"),
    "editing:change": ("api-measures-detail", "api-targets-detail"),
    "editing:move": ("api-measures-move", "api-placements-move"),
    "editing:delete": ("api-measures-detail", "api-targets-detail"),
    "editing:tree_add": ("api-measures-list", "api-placements-list"),
    "editing:tree_move_measure": ("api-measures-move",),
    "editing:tree_move_placement": ("api-placements-move",),
    "webhooks:remove_origin": ("api-webhook-origins-detail",),
    "webhooks:switch": ("api-webhooks-detail",),
    "webhooks:delete": ("api-webhooks-detail",),
    "webhooks:test": ("api-webhooks-test",),
    "webhooks:replay": ("api-webhook-deliveries-replay",),
    "webhooks:replay_dead": ("api-webhooks-replay-dead",),
    "tokens:revoke": ("api-tokens-revoke", "api-tokens-revoke-own"),
    "webhooks:rotate": ("api-webhooks-rotate-secret",),
    "dashboard:views": ("api-saved-views-list",),
    "dashboard:view_change": ("api-saved-views-detail",),
    "dashboard:view_delete": ("api-saved-views-detail",),
    "books:mapping_new": ("api-column-mappings-suggest", "api-column-mappings-list"),
    "books:mapping": ("api-column-mappings-detail",),
    "books:mapping_delete": ("api-column-mappings-detail",),
    "accounts:read_notices": ("api-notices-read",),
    "accounts:mail_settings": ("api-notices-mail-settings",),
    "reorganization": ("api-organizations-reorganize",),
    "reports:template_new": ("api-report-templates-list", "api-report-templates-copy"),
    "reports:template_change": ("api-report-templates-detail",),
    "reports:template_delete": ("api-report-templates-detail",),
}
# {the page: why it has no counterpart}
PAGES_ALONE = {
    "rounds:entry_book_faults": "The answer to entry-book/preview has them.",
    "accounts:sign_out": "A token does not sign in.",
}


def test_every_page_that_changes_something_is_in_the_api_or_says_why_not() -> None:
    changing = {
        name for name, lines in TABLE.items() if any(line.method == "post" for line in lines)
    }
    assert changing - set(IN_API) - set(PAGES_ALONE) == set()
    assert set(IN_API) & set(PAGES_ALONE) == set()
    assert (set(IN_API) | set(PAGES_ALONE)) - set(TABLE) == set()


def test_every_way_that_is_named_is_there() -> None:
    routes = {pattern.name for pattern in router.urls}
    named = {route for ways in IN_API.values() for route in ways}
    assert named - routes == set()


def test_every_kind_of_rows_that_can_be_edited_is_a_resource() -> None:
    of_their_own = {view.editor.kind for view in RESOURCES.values() if hasattr(view, "editor")}
    assert {editor.kind for editor in EDITORS} == of_their_own
    assert set(KINDS) < set(RESOURCES)
