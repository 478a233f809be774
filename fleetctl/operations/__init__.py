"""What a person asks for, one file each. Yields the run's events; prints nothing."""
