"""A native bar chart below a table, with labelled axes and a legend, for Excel and LibreOffice."""

from openpyxl.chart import BarChart, Reference
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.worksheet.worksheet import Worksheet

from nanchuan_eval.spreadsheets.layout import chart_rows
from nanchuan_eval.spreadsheets.specs import ChartSpec, SheetSpec

# Told apart by eyes that see no red or green, and by lightness in a grey print.
COLOURS = ("0B3C6F", "E69F00", "56B4E9", "8A1C4A", "9AA5B1")
PLOT = ManualLayout(xMode="edge", yMode="edge", x=0.27, y=0.11, w=0.69, h=0.75)


def add_chart(sheet: Worksheet, spec: SheetSpec, wanted: ChartSpec) -> None:
    """Add the chart one row below the table, as wide as it, the first row's group on top."""
    chart = BarChart()
    chart.type, chart.grouping, chart.gapWidth, chart.overlap = "bar", "clustered", 45, 0
    chart.title, chart.style, chart.legend.position = wanted.title, 10, "b"
    chart.layout = Layout(manualLayout=PLOT)
    chart.x_axis.title, chart.y_axis.title = wanted.names_title, wanted.values_title
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.x_axis.scaling.orientation, chart.y_axis.crosses = "maxMin", "max"
    chart.y_axis.number_format, chart.y_axis.scaling.min = "0", 0
    for part in (chart.title, chart.legend):
        if part is not None:
            part.overlay = False
    first, last = spec.header_row, spec.last_row
    for header, colour in zip(wanted.series, COLOURS, strict=False):
        chart.add_data(Reference(sheet, spec.place(header), first, max_row=last), titles_from_data=True)
        chart.series[-1].graphicalProperties = GraphicalProperties(solidFill=colour)
    chart.set_categories(Reference(sheet, spec.place(wanted.names), first + 1, max_row=last))
    # Between cells, for the width of a column is not the same in every program.
    below = AnchorMarker(col=0, row=last + 1)
    chart.anchor = TwoCellAnchor(_from=below, to=AnchorMarker(col=len(spec.columns), row=last + chart_rows(spec)))  # type: ignore[assignment]  # or the text of a cell
    sheet.add_chart(chart)
