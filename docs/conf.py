"""The documentation site: `make docs` builds it from the pages of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "HEEPstor"
extensions = ["myst_parser", "site_pages"]

html_theme = "furo"
html_title = "HEEPstor"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
pygments_style = "default"  # Furo's own has no colour for the lines that a diff adds
pygments_dark_style = "monokai"

# Titles are anchors by GitHub's rules, so that a link to one works in the tree and on the site.
myst_heading_anchors = 4
nitpicky = True
