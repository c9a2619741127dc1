"""The documentation: every command and block of code on it is run, its site is built and seen."""
