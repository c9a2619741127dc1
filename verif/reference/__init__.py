"""HEEPstor's own cycles beside ours; `python -m verif.reference` writes docs/heepstor.md."""
