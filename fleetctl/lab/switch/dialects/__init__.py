"""One file per make of console (`DIALECT`)."""
