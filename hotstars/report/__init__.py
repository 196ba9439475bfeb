"""The report: a static site of figures, tables and a page for each star."""
