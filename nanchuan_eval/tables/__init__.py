"""Tables of the staff's pages: columns stated once, for the sorted, searched and filtered page and for its workbook."""
