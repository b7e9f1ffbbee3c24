"""The log's tables as SQLAlchemy Core sees them."""

from audit import models, tile_models
from folkmoot.kernel.core_tables import core_table

ENTRY = core_table(models.Entry)
DISCLOSURE = core_table(models.Disclosure)
COUNTER = core_table(models.ActorCounter)
HEAD = core_table(models.LogHead)
CHECKPOINT = core_table(models.SignedCheckpoint)
TILE = core_table(tile_models.Tile)
