"""Rows in and out of CSV and XLSX files; knows no feature."""
