"""The `folkmoot` command, over the same services as web and API."""
