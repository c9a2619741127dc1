"""The cycles that the example networks must not exceed: committed, a file a project."""
