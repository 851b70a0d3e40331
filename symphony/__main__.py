"""``python -m symphony``: the same program as ``symphony``."""

from __future__ import annotations

import sys

from symphony.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
