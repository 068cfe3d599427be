"""Writes a packed snapshot in every format and prints the files' SHA-256, as JSON.

    python -m tests.dxportal.write_files SNAPSHOT FOLDER

Run by test_report_snapshots.py in processes of its own.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dxportal.settings")


def main(packed: Path, folder: Path) -> None:
    django.setup()
    from dxportal.reports import snapshots
    from dxportal.reports.build import WRITERS

    content = snapshots.unpack(packed.read_bytes())
    told = {}
    for kind, write in WRITERS.items():
        target = folder / f"report.{kind}"
        write(content, target, lambda step, percent: None)
        told[str(kind)] = hashlib.sha256(target.read_bytes()).hexdigest()
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
