"""Simulated devices that speak the real protocols on loopback; written from the specifications, not the client."""
