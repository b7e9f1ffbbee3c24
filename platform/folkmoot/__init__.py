"""Hold the platform: what Folkmoot shows to people and machines, and what runs it."""

from typing import Final

__version__: Final = "0.1.0.dev0"
