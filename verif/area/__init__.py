from heepstor.build import area as synthesis  # noqa: F401 (moved; goes with its last user)
