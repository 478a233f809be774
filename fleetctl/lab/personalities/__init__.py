"""One file per make of camera: data, with the capture or field fact each oddity comes from."""
