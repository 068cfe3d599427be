"""The portal's top floor: settings, pages and jobs that span the apps."""

from dxportal.celery import app as celery_app

__all__ = ["celery_app"]
