"""The regression as a product: its plan, its options for pytest, its report in four forms."""
