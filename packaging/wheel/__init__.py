"""netledger as it is installed: its packages stand in this folder, where no other distribution's files are.

PyPI has distributions called `exporter` and `reports`; beside them, packages of these names would be overwritten. In
this folder they are found by the names that they have in the repository, as the folder comes first.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from exporter.cli import main

__all__ = ["main"]
