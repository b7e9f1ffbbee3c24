"""What the officer's addresses belong to."""

from flask import Blueprint

blueprint = Blueprint("officer", __name__)
