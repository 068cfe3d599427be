"""What happens on the top floor and others there want to know; sent in the same transaction."""

from django.dispatch import Signal

# report: a PublishedReport that was just made public.
report_published = Signal()
