"""One file per group of settings: its type, its disruption, its ONVIF cell (`ASPECT`, `CELLS`)."""
