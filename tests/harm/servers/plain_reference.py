"""Links in projects: a link names its project as `project`, and goes with it; numbers are given again."""

from __future__ import annotations

from typing import Any, ClassVar

from harm.servers.base import INVALID, NUMBER, TITLE, Call, Id, Row, Server, route


class Case(Server):
    """A project tells how many links it has, so that a link in somebody else's is a change of it."""

    paths: ClassVar = {"project_id": NUMBER, "link_id": NUMBER}
    removable: ClassVar = frozenset({"projects", "links"})

    def fill(self) -> None:
        self.tables = {"projects": {}, "links": {}}
        for title in ("Theirs", "Theirs too"):
            self.put("projects", {"title": title, "links": 0})

    def put(self, table: str, row: Row) -> Row:
        id: Id = 1 + max((int(id) for id in self.tables[table]), default=0)
        self.tables[table][id] = {"id": id, **row}
        return self.tables[table][id]

    @route("GET /projects")
    def list_projects(self, _call: Call) -> Any:
        return 200, {"projects": list(self.tables["projects"].values())}

    @route("POST /projects", body={"title": TITLE})
    def add_project(self, call: Call) -> Any:
        return 201, {"project": self.put("projects", {"title": call.body["title"], "links": 0})}

    @route("GET /projects/{project_id}")
    def get_project(self, call: Call) -> Any:
        return 200, {"project": self.find("projects", call.path["project_id"])}

    @route("DELETE /projects/{project_id}")
    def remove_project(self, call: Call) -> Any:
        id = self.find("projects", call.path["project_id"])["id"]
        del self.tables["projects"][id]
        for row in [row for row in self.tables["links"].values() if row["project"] == id]:
            del self.tables["links"][row["id"]]
        return 204, None

    @route("GET /links")
    def list_links(self, _call: Call) -> Any:
        return 200, {"links": list(self.tables["links"].values())}

    @route("POST /links", body={"project": {"type": "integer"}, "label": TITLE})
    def add_link(self, call: Call) -> Any:
        project = self.tables["projects"].get(call.body["project"])
        if project is None:
            raise INVALID
        project["links"] += 1
        return 201, {"link": self.put("links", {"project": project["id"], "label": call.body["label"]})}

    @route("GET /links/{link_id}")
    def get_link(self, call: Call) -> Any:
        return 200, {"link": self.find("links", call.path["link_id"])}

    @route("DELETE /links/{link_id}")
    def remove_link(self, call: Call) -> Any:
        row = self.find("links", call.path["link_id"])
        del self.tables["links"][row["id"]]
        self.tables["projects"][row["project"]]["links"] -= 1
        return 204, None
