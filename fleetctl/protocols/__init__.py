"""How to talk to devices; a protocol knows no setting."""
