"""The plan book (計画ブック): a whole plan as an .xlsx workbook or a folder of CSV files.

`sheets` says which sheets and columns there are, `reader` turns a workbook or folder into rows
with their addresses, `loader` checks them and writes them to the database in one transaction, and
`writer` takes a plan out again.
"""
