"""Pages of the yearly round: entering, approving, and managing it."""

from django.urls import URLPattern, path

from dxportal.views import entry

app_name = "rounds"
urlpatterns: list[URLPattern] = [
    path("entry/", entry.entry, name="entry"),
    path("entry/submit/", entry.entry_submit, name="entry_submit"),
    path("entry/<int:pk>/", entry.entry_item, name="entry_item"),
    path("entry/<int:pk>/evidence/", entry.evidence, name="evidence"),
    path("evidence/<int:pk>/", entry.evidence_file, name="evidence_file"),
    path("evidence/<int:pk>/remove/", entry.evidence_remove, name="evidence_remove"),
]
