"""Simulated switches: a console over real SSH, configurations in force and for the start, ports with power."""
