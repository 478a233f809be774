"""Makes the fakes importable: `from tests.unit.drivers.fakes import ...`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
