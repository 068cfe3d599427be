"""How public addresses answer: without sign-in, to be kept by caches, asked again each time."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from dxportal.public.reading import PublicPlan, published_plan, published_plans
from dxportal.public.state import CODE_VERSION, PublicState

View = Callable[..., HttpResponse]


def of_plan(view: View) -> View:
    """A view of one public plan: gets it instead of its code and key; 404 if it is not public."""

    @login_not_required
    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, code: str, key: str, **rest: Any) -> HttpResponse:
        public: PublicPlan = published_plan(code, key)
        return _kept(request, [public.state], lambda: view(request, public, **rest))

    return answer


def of_all_plans(view: View) -> View:
    """A view of all public plans."""

    @login_not_required
    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, **rest: Any) -> HttpResponse:
        found = published_plans()
        states = [public.state for public in found]
        return _kept(request, states, lambda: view(request, found, **rest))

    return answer


def _kept(
    request: HttpRequest, states: list[PublicState], make: Callable[[], HttpResponse]
) -> HttpResponse:
    told = "".join(state.fingerprint for state in states) + CODE_VERSION + request.get_full_path()
    etag = f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = make()
    response["ETag"] = etag
    # What is withdrawn must be gone at once: keep it, but ask each time.
    response["Cache-Control"] = "public, no-cache"
    if states and response.status_code == 200:
        response["Last-Modified"] = http_date(max(state.changed_at for state in states).timestamp())
    return response
