"""A create that names its account, and overwrites the plan of one that is there."""

from __future__ import annotations

from typing import Any, ClassVar

from harm.servers.base import Call, Server, route

ACCOUNT = {"type": "string", "pattern": "^[a-z0-9-]{3,40}$"}
PLAN = {"type": "string", "enum": ["free", "pro"]}


class Case(Server):
    """The account is the id, and the caller chooses it."""

    paths: ClassVar = {"account": ACCOUNT}
    removable: ClassVar = frozenset({"accounts"})

    def fill(self) -> None:
        self.tables["accounts"] = {}
        for name, plan in (
            ("acme", "pro"),
            ("aaa", "pro"),
            ("000", "free"),
            ("---", "free"),
            ("test", "pro"),
            ("abc", "free"),
        ):
            self.tables["accounts"][name] = {"account": name, "plan": plan}

    @route("GET /accounts")
    def list_accounts(self, _call: Call) -> Any:
        return 200, {"accounts": list(self.tables["accounts"].values())}

    @route("POST /accounts", body={"account": ACCOUNT, "plan": PLAN})
    def save_account(self, call: Call) -> Any:
        was = call.body["account"] in self.tables["accounts"]
        self.tables["accounts"][call.body["account"]] = dict(call.body)
        return 200 if was else 201, {"account": dict(call.body)}

    @route("GET /accounts/{account}")
    def get_account(self, call: Call) -> Any:
        return 200, {"account": self.find("accounts", call.path["account"])}

    @route("DELETE /accounts/{account}")
    def remove_account(self, call: Call) -> Any:
        self.find("accounts", call.path["account"])
        del self.tables["accounts"][call.path["account"]]
        return 204, None
