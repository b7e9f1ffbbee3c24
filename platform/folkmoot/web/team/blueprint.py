"""The blueprint that the modules of the team's addresses share."""

from flask import Blueprint

blueprint = Blueprint("team", __name__)
