"""A site taken along in one encrypted file: made at home, worked with elsewhere, returned."""
