"""What a client of the API does, typed by its schema: reads, writes, comes second, is refused.

Run by ../test_api_clients.py with the portal's address, a token and an indicator's number;
`dxportal_client` is generated.
"""

import json
import sys

from dxportal_client import AuthenticatedClient
from dxportal_client.api.actuals import actuals_create, actuals_list, actuals_partial_update
from dxportal_client.models import ActualChangeRequest, ActualCreateRequest, Conflict, Problem
from dxportal_client.models.actual import Actual


def main(base_url: str, token: str, indicator: int) -> None:
    client = AuthenticatedClient(base_url=base_url, token=token, headers={"Accept-Language": "en"})
    body = ActualCreateRequest(indicator=indicator, fiscal_year=2025, value="7")
    made = actuals_create.sync(client=client, body=body)
    assert isinstance(made, Actual), made
    change = ActualChangeRequest(value="8", version=made.version)
    changed = actuals_partial_update.sync(made.id, client=client, body=change)
    assert isinstance(changed, Actual), changed
    late = actuals_partial_update.sync(made.id, client=client, body=change)
    assert isinstance(late, Conflict), late
    about = ActualChangeRequest(value="約3", version=changed.version)
    refused = actuals_partial_update.sync(made.id, client=client, body=about)
    assert isinstance(refused, Problem), refused
    listed = actuals_list.sync(client=client, indicator=indicator, fiscal_year=2025)
    assert listed is not None and not isinstance(listed, Problem)
    said = {
        "made": [made.value, made.version],
        "changed": [changed.value, changed.version],
        "late": [late.status, late.title, late.yours.to_dict()],
        "refused": [refused.status, refused.detail],
        "listed": [row.value for row in listed.results],
    }
    sys.stdout.write(json.dumps(said))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
