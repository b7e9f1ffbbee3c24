"""The annotator's pages: choose work, label, and see what it earned."""

from folkmoot.web.annotator.routes import blueprint

__all__ = ["blueprint"]
