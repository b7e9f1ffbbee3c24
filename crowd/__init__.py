"""Hand out tasks, gather labels and turn them into consensus with a confidence."""
