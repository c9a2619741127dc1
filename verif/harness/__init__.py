"""What all tests share: running a simulator, its verdict, and the seeds."""
