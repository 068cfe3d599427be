#!/usr/bin/env python3
"""All figures of a plan's indicators, of all years, as one pandas table: a line an indicator.

    PORTAL=https://dx.city.example TOKEN=dxp_… python3 kpi_table.py --plan 1 [--output kpis.csv]

One call fetches everything. A figure is empty where there is none: nothing entered, 該当なし and
未集計 are told apart by the column `status` of `figures()`; 0 is 0. Needs Python 3.11 and pandas.
"""

import argparse
import os
from pathlib import Path

import pandas


def figures(plan):
    """One line a figure: indicator, unit, year, value, status."""
    address = f"{os.environ['PORTAL'].rstrip('/')}/api/v1/actuals/"
    fields = "indicator_key,indicator_name,unit,fiscal_year,value,status,raw_text"
    return pandas.read_csv(
        f"{address}?plan={plan}&kind=actual&format=csv&fields={fields}",
        storage_options={"Authorization": f"Bearer {os.environ['TOKEN']}"},
        dtype={"indicator_key": "string", "unit": "string", "raw_text": "string"},
    )


def table(found):
    """The years side by side."""
    return found.pivot(
        index=["indicator_key", "indicator_name", "unit"], columns="fiscal_year", values="value"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plan", type=int, required=True)
    parser.add_argument("--output", type=Path, help="also write it as CSV for a spreadsheet")
    asked = parser.parse_args()
    years = table(figures(asked.plan))
    print(years.to_string(na_rep=""))
    if asked.output:
        years.to_csv(asked.output, encoding="utf-8-sig")


if __name__ == "__main__":
    main()
