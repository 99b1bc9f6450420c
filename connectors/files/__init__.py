"""A folder of exports of one system: CSV, JSON Lines and XLSX, read in place and written back into another folder."""
