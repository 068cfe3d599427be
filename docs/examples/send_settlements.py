#!/usr/bin/env python3
"""Sends a year's settled figures (決算) from a CSV file to the portal, and says what was refused.

    PORTAL=https://dx.city.example TOKEN=dxp_… \\
        python3 send_settlements.py --plan 1 --fiscal-year 2025 settled.csv [--try]

The file has the columns 事業, 決算額 and, if known, 国庫, 県, 地方債, その他, 一般財源, in yen.
What is refused goes to settled.refused.csv with the reason: mend those rows there and send that
file next. A file may be sent as often as one likes; what is stored already is told as unchanged.
Needs nothing but Python 3.11.
"""

import argparse
import csv
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

COLUMNS = {
    "決算額": "amount",
    "国庫": "national",
    "県": "prefectural",
    "地方債": "bond",
    "その他": "other",
    "一般財源": "general",
}
REASON = "断られた理由"


def rows_of(path, fiscal_year):
    """The rows as the portal takes them. An empty cell is left out: what is stored there stays."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line in csv.DictReader(file):
            row = {"project_key": line["事業"], "fiscal_year": fiscal_year, "stage": "settled"}
            for column, name in COLUMNS.items():
                text = (line.get(column) or "").strip().replace(",", "")
                if text:
                    row[name] = int(text) if text.isdecimal() else text
            yield line, row


def send(body):
    """The portal's report. A lost answer is asked for again: the key lets nothing happen twice."""
    content = json.dumps(body, ensure_ascii=False).encode()
    request = urllib.request.Request(
        os.environ["PORTAL"].rstrip("/") + "/api/v1/settlements/bulk/",
        content,
        {
            "Authorization": f"Bearer {os.environ['TOKEN']}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"{time.time_ns()}-{hashlib.sha256(content).hexdigest()[:16]}",
        },
    )
    for seconds in (1, 5, 30, 0):
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code not in (409, 429, 502, 503, 504) or not seconds:
                sys.exit(f"{error.code} {json.load(error)['detail']}")
        except OSError as error:
            if not seconds:
                sys.exit(str(error))
        time.sleep(seconds)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--plan", type=int, required=True)
    parser.add_argument("--fiscal-year", type=int, required=True)
    parser.add_argument("--try", action="store_true", dest="dry_run", help="write nothing")
    asked = parser.parse_args()
    found = list(rows_of(asked.file, asked.fiscal_year))
    report = send(
        {
            "plan": asked.plan,
            "mode": "row_by_row",
            "dry_run": asked.dry_run,
            "rows": [row for _, row in found],
        }
    )
    counts = report["counts"]
    print(" ".join(f"{name}={count}" for name, count in counts.items()))
    if not counts["refused"]:
        return 0
    path = asked.file.with_suffix(".refused.csv")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, ["事業", *COLUMNS, REASON], extrasaction="ignore")
        writer.writeheader()
        for (line, _), result in zip(found, report["results"], strict=True):
            if result["outcome"] == "refused":
                reasons = "／".join(error["message"] for error in result["errors"])
                writer.writerow({**line, REASON: reasons})
    print(f"断られた行：{path}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
