"""One file per vendor or platform: how it is recognised and what it does better (`DRIVER`)."""
