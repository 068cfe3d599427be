import os

from django.core.signals import request_finished
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dxportal.settings")

application = get_wsgi_application()

from dxportal.garbage import collect, settle  # noqa: E402  # once the settings are there

get_resolver().url_patterns  # noqa: B018  # loads every view
settle()
request_finished.connect(collect)
