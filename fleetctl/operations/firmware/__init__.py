"""Firmware of the fleet: who gets which image (steps), what was agreed, which stage comes next, carrying it out."""
