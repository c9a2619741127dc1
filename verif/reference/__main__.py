"""Writes docs/heepstor.md.

python -m verif.reference          from what is committed
python -m verif.reference --run    simulate the networks that run several images first
"""

from __future__ import annotations

import argparse

from heepstor.emit.hardware import write_if_changed
from verif.reference import page, runs


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog=page.UPDATE, description="write docs/heepstor.md")
    parser.add_argument(
        "--run", action="store_true", help="simulate what runs several images at once first"
    )
    if parser.parse_args().run:
        runs.update()
    write_if_changed(page.PATH, page.render())
    print(page.PATH)


if __name__ == "__main__":
    main()
