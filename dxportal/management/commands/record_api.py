"""`manage.py record_api`: keeps the schema of this release, against which later ones are held."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from drf_spectacular.generators import SchemaGenerator

from dxportal.rest.compatibility import breaking_changes
from dxportal.rest.promises import API_VERSION, record_of, records


class Command(BaseCommand):
    help = (
        "Writes docs/api/openapi-VERSION.json of this release. Refuses to "
        "write over a record, and to record what breaks clients of an earlier one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        path = record_of(API_VERSION)
        if path.exists():
            raise CommandError(
                f"{path} is there already: raise the VERSION of SPECTACULAR_SETTINGS."
            )
        schema = SchemaGenerator().get_schema(request=None, public=True)
        # As it is read again, so that the two are compared alike; `default` are lazy texts.
        text = json.dumps(schema, ensure_ascii=False, indent=1, default=str)
        for earlier in records():
            if found := breaking_changes(json.loads(earlier.read_text()), json.loads(text)):
                raise CommandError(f"It breaks clients of {earlier.name}:\n" + "\n".join(found))
        path.write_text(text + "\n")
        self.stdout.write(f"Recorded {path}.")
