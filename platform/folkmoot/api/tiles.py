"""The log as others read it: `/log/checkpoint` and `/log/tile/…`, by c2sp.org/tlog-tiles.

Monitors are machines: they show a token, or none where the operator has opened the log to all.
"""

import gzip

from flask import Blueprint, Flask, Response, request

from audit.merkle import OutOfRange
from audit.searching import log_head
from audit.tile_paths import TilePlace
from audit.tile_reading import content_at
from audit.witnessing import cosigned_checkpoint
from folkmoot.bootstrap import Services
from folkmoot.identity.access import public, requires
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import NotFound

PREFIX = "/log"
BINARY = "application/octet-stream"
YEAR_SECONDS = 365 * 24 * 3600
# A bundle never changes either, but retention may take its entries away.
DAY_SECONDS = 24 * 3600
# Small enough to be fresh, long enough that a crowd of readers asks us once.
CHECKPOINT_SECONDS = 2


def install(app: Flask, services: Services) -> None:
    """Add the log's addresses to the application."""
    is_public = services.settings.public_log
    blueprint = Blueprint("tiles", __name__, url_prefix=PREFIX)
    guarded = public if is_public else requires(Permission.READ_LOG)
    shared = "public" if is_public else "private"

    @blueprint.get("/checkpoint")
    @guarded
    def checkpoint() -> Response:
        """Hand out the newest checkpoint that witnesses have cosigned as the policy wants."""
        with services.reading() as uow:
            note = cosigned_checkpoint(uow, policy=services.witness_policy)
        if note is None:
            raise NotFound("The log is empty: nothing was signed yet.")
        answer = Response(note, content_type="text/plain; charset=utf-8")
        answer.headers["Cache-Control"] = f"{shared}, max-age={CHECKPOINT_SECONDS}"
        return answer

    @blueprint.get("/<path:path>")
    @guarded
    def tile(path: str) -> Response:
        """Hand out a tile of hashes or a bundle of entries; neither ever changes."""
        place = _place_of(path)
        with services.reading() as uow:
            content = content_at(uow, place, size=log_head(uow).size)
        answer = _compressed(content) if place.level is None else Response(content)
        answer.content_type = BINARY
        seconds = DAY_SECONDS if place.level is None else YEAR_SECONDS
        answer.headers["Cache-Control"] = f"{shared}, max-age={seconds}, immutable"
        return answer

    app.register_blueprint(blueprint)


def _place_of(path: str) -> TilePlace:
    try:
        return TilePlace.parse(path)
    except OutOfRange as error:
        raise NotFound(str(error)) from error


def _compressed(content: bytes) -> Response:
    """Answer with the content, in fewer bytes where the reader can take them so."""
    if request.accept_encodings["gzip"]:
        answer = Response(gzip.compress(content, mtime=0))
        answer.headers["Content-Encoding"] = "gzip"
    else:
        answer = Response(content)
    answer.headers["Vary"] = "Accept-Encoding"
    return answer
