"""How public addresses answer: without sign-in, to be kept by caches, asked again each time."""

import datetime
import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from dxportal.public.reading import PublicPlan, published_plan, published_plans
from dxportal.public.state import CODE_VERSION

View = Callable[..., HttpResponse]

# Pages of one state stay in the process's memory; another state has other names. So a kept page
# is never old, and time alone makes room.
PAGES = "public_pages"


def of_plan(view: View) -> View:
    """A view of one public plan: gets it instead of its code and key; 404 if it is not public."""

    @login_not_required
    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, code: str, key: str, **rest: Any) -> HttpResponse:
        public: PublicPlan = published_plan(code, key)
        state = public.state
        told = state.fingerprint + state.kept
        return _kept(request, told, state.changed_at, lambda: view(request, public, **rest))

    return answer


def of_all_plans(view: View) -> View:
    """A view of all public plans; it tells no more of each than its outline."""

    @login_not_required
    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, **rest: Any) -> HttpResponse:
        found = published_plans()
        told = repr([public.outline for public in found])
        changed_at = max((public.last_kept_at for public in found), default=None)
        return _kept(request, told, changed_at, lambda: view(request, found, **rest))

    return answer


def _kept(
    request: HttpRequest,
    told: str,
    changed_at: datetime.datetime | None,
    make: Callable[[], HttpResponse],
) -> HttpResponse:
    seen = told + CODE_VERSION + base_of(request) + request.get_full_path()
    etag = f'"{hashlib.sha256(seen.encode()).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = _made(etag, make)
    response["ETag"] = etag
    # What is withdrawn must be gone at once: keep it, but ask each time.
    response["Cache-Control"] = "public, no-cache"
    if changed_at and response.status_code == 200:
        response["Last-Modified"] = http_date(changed_at.timestamp())
    return response


def base_of(request: HttpRequest) -> str:
    """Where citizens reach what the open data names; the static site's is another address."""
    base: str = getattr(request, "public_base", settings.PUBLIC_URL)
    return base


def _made(etag: str, make: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer, out of memory where this state's page was made before; files are never kept."""
    response: HttpResponse | None = caches[PAGES].get(etag)
    if response is None:
        response = make()
        if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
            caches[PAGES].set(etag, response)
    return response
