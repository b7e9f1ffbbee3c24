"""The table of tiles: the tree's hashes as C2SP's tlog-tiles groups them."""

from sqlmodel import Field, SQLModel


class Tile(SQLModel, table=True):
    """Up to 256 hashes of one level of the tree, one after the other, 32 bytes each.

    At level 0 only full tiles are kept: the last leaves are with their entries. Above, a tile grows
    by one hash whenever a tile below it is full.
    """

    __tablename__ = "audit_tile"

    level: int = Field(primary_key=True)
    tile_index: int = Field(primary_key=True)
    hashes: bytes
