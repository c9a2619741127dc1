"""Code coverage of the RTL: reads what Verilator counted, merges runs, reports, judges.

`python -m verif.coverage` runs the coverage regression of the array; see `__main__.py`.
"""
