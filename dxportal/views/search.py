"""Searching everything that one may see."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dxportal.searching.find import MAX_HITS, find
from dxportal.searching.kinds import KINDS

MAX_LENGTH = 200


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:MAX_LENGTH]
    asked = request.GET.get("kind", "")
    kind = asked if asked in {kind.key for kind in KINDS} else ""
    groups = find(request.user, text, kind)
    context = {
        "text": text,
        "kind": kind,
        "kinds": KINDS,
        "groups": groups,
        "count": sum(len(group.hits) for group in groups),
        "has_more": any(group.has_more for group in groups),
        "most": MAX_HITS,
        "breadcrumb": [("検索", "")],
    }
    return render(request, "dxportal/search.html", context)
