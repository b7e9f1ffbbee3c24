"""What an ML team asks of Folkmoot."""

from folkmoot_client.connection import Connection, FolkmootError
from folkmoot_client.data_set import DataSet


class Folkmoot:
    """A Folkmoot server, read with one access token."""

    def __init__(self, url: str, *, token: str) -> None:
        self.connection = Connection(url, token=token)

    def data_set(self, project: str, number: int | None = None) -> DataSet:
        """Return a project's data set by number, or its newest that is finished."""
        project_id = self._project_id(project)
        for one in self.connection.each(f"/projects/{project_id}/data-sets"):
            if one["state"] == "finished" and number in (None, one["number"]):
                return DataSet(self.connection, one["id"], one["number"], one["manifest"])
        wanted = "a finished data set" if number is None else f"a finished data set {number}"
        raise FolkmootError(f"The project {project!r} has not {wanted}.")

    def _project_id(self, slug: str) -> str:
        for project in self.connection.each("/projects"):
            if project["slug"] == slug:
                return str(project["id"])
        raise FolkmootError(f"There is no project {slug!r}.")
