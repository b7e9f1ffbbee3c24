"""The documentation that the server shows by itself: the API, and what each refusal means."""

from folkmoot.web.docs.routes import blueprint

__all__ = ["blueprint"]
