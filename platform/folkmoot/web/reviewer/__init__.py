"""The reviewer's pages: the queue, one case with its four acts, and one's own oversight."""

from folkmoot.web.reviewer.routes import blueprint

__all__ = ["blueprint"]
