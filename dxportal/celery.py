"""The Celery application; the broker is chosen by `CELERY_BROKER_URL`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dxportal.settings")

app = Celery("dxportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
