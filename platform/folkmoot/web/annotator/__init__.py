"""The annotator's pages: choose work, label, and see what it earned."""

from folkmoot.web.annotator import me_routes
from folkmoot.web.annotator.routes import blueprint

# This module adds its addresses to the one blueprint.
ROUTES = (me_routes,)

__all__ = ["blueprint"]
