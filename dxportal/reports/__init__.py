"""The annual report of any plan and fiscal year, as a PDF and as a workbook.

`source` reads one consistent state in a fixed number of queries, `content` and `totals` arrange it
as typed rows, `pdf` and `xlsx` lay those rows out, `build` is what the job and the command call.
"""

import logging

# WeasyPrint logs every style sheet and page as information, from its import on.
logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)
