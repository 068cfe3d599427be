"""Pages of the yearly round: entering, approving, and managing it."""

from django.urls import URLPattern, path

from dxportal.views import (
    approvals,
    corrections,
    entry,
    entry_book,
    round_acts,
    round_items,
    rounds,
)

app_name = "rounds"
urlpatterns: list[URLPattern] = [
    path("entry/", entry.entry, name="entry"),
    path("entry/submit/", entry.entry_submit, name="entry_submit"),
    path("entry/<int:pk>/", entry.entry_item, name="entry_item"),
    path("entry/<int:pk>/evidence/", entry.evidence, name="evidence"),
    path("entry/book/<int:pk>/", entry_book.entry_book, name="entry_book"),
    path("entry/book/<int:pk>/upload/", entry_book.entry_book_upload, name="entry_book_upload"),
    path("entry/book/<int:pk>/apply/", entry_book.entry_book_apply, name="entry_book_apply"),
    path("entry/book/<int:pk>/faults/", entry_book.entry_book_faults, name="entry_book_faults"),
    path("evidence/<int:pk>/", entry.evidence_file, name="evidence_file"),
    path("evidence/<int:pk>/remove/", entry.evidence_remove, name="evidence_remove"),
    path("", rounds.rounds, name="list"),
    path("create/", rounds.create, name="create"),
    path("<int:pk>/", rounds.detail, name="detail"),
    path("<int:pk>/change/", rounds.change, name="change"),
    path("<int:pk>/move/", rounds.move, name="move"),
    path("<int:pk>/refresh/", rounds.refresh_items, name="refresh"),
    path("<int:pk>/act/", round_acts.act, name="act"),
    path("extensions/<int:pk>/end/", rounds.stop_extension, name="end_extension"),
    path("items/<int:pk>/", round_items.item, name="item"),
    path("items/<int:pk>/comment/", round_items.comment, name="comment"),
    path("items/<int:pk>/step/", round_items.step, name="step"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/all/", approvals.approve_all, name="approve_all"),
    path("corrections/<int:plan_pk>/", corrections.corrections, name="corrections"),
    path(
        "<int:cycle_pk>/correct/<slug:kind>/<int:number>/",
        corrections.correct,
        name="correct",
    ),
]
