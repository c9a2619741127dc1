"""Self-test of the assertions: each one, and each form in use, sees a violation planted for it."""
