"""The department's spreadsheet: one row for each device, Vietnamese or English headings, XLSX or CSV."""

from fleetctl.inventory.sheets.columns import COLUMNS, Column, column_of, folded
from fleetctl.inventory.sheets.reading import Row, Where, read
from fleetctl.inventory.sheets.rows import Listed, listed
from fleetctl.inventory.sheets.writing import written

__all__ = ["COLUMNS", "Column", "Listed", "Row", "Where", "column_of", "folded", "listed", "read", "written"]
