"""The twelve bugs of `BUGS.md`: each is a piece of `app.py`, and what stands there when its name is given."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

BUGS: dict[str, tuple[str, str]] = {
    "zero-is-a-number": (
        "amounts = {name: money(value) for name, value in sums.items()}",
        "amounts = {name: money(value) if value else 0 for name, value in sums.items()}",
    ),
    "location-of-the-owner": (
        '{"Location": f"/owners/{owner}/animals/{id}"}',
        '{"Location": f"/owners/{owner}"}',
    ),
    "reason-not-kept": (
        (
            "return self.told_visit(call, **{name: visit[name] for name in "
            '(*call.body, "starts_at", "ends_at")})'
        ),
        """kept = {name: visit[name] for name in (*call.body, "starts_at", "ends_at") if name != "reason"}
        answer = self.told_visit(call, **kept)
        answer.body["reason"] = visit["reason"]
        return answer""",
    ),
    "services-first-page": (
        'return self.page(call, SERVICE, self.show_service, "code", tests)',
        """page, call.query["page"] = call.query["page"], 1
        answer = self.page(call, SERVICE, self.show_service, "code", tests)
        answer.body["page"] = page
        return answer""",
    ),
    "last-page-by-default-size": (
        'return self.page(call, VISIT, self.show_visit, order, tests, "v.")',
        """answer = self.page(call, VISIT, self.show_visit, order, tests, "v.")
        last = max(1, -(-answer.body["total"] // 20))
        if query["page"] > last:
            query["page"] = last
            answer = self.page(call, VISIT, self.show_visit, order, tests, "v.")
        return answer""",
    ),
    "finish-refusal-is-200": (
        """self.find_visit(call, "started")
        return self.told_visit(call, state="finished\"""",
        """row = self.find_visit(call)
        if row["state"] != "started":
            return Answer(200, self.show_visit(row), {"ETag": self.visit_tag(row)})
        return self.told_visit(call, state="finished\"""",
    ),
    "inactive-service-503": (
        """AND code = ? AND active"
        service = self.db.execute(find, (call.practice, call.body["service_code"])).fetchone()
""",
        """AND code = ?"
        service = self.db.execute(find, (call.practice, call.body["service_code"])).fetchone()
        if service is not None and not service["active"]:
            raise Fault(503, "internal", "The service is not available.")
""",
    ),
    "any-key-moves-visits": (
        """row = self.one(call, VISIT, "visit", "v.", id=call.path["visit_id"])
        if states""",
        """if call.where.endswith(("/start", "/finish", "/cancel")):
            owned = "SELECT practice FROM visits WHERE id = ?"
            found = self.db.execute(owned, (call.path["visit_id"],)).fetchone()
            call.practice = found["practice"] if found else call.practice
        row = self.one(call, VISIT, "visit", "v.", id=call.path["visit_id"])
        if states""",
    ),
    "open-is-0-in-lists": (
        "return self.page(call, INVOICE, self.show_invoice, order, tests",
        """show = lambda row: {**self.show_invoice(row), "open": "0.00"}
        return self.page(call, INVOICE, show, order, tests""",
    ),
    "owners-without-animals-missing": (
        '"city = ?": call.query.get("city")}',
        """"city = ?": call.query.get("city"),
             "EXISTS (SELECT 1 FROM animals a WHERE a.owner_id = o.id) = ?": True}""",
    ),
    "owner-patch-405": (
        "if method in item:",
        'if method in item and item[method]["operationId"] != "changeOwner":',
    ),
    "cancelled-is-the-rest": (
        'tests["starts_at >= ?"]',
        """if query.get("state") == "cancelled":
            tests["state != ?"] = tests.pop("state = ?")
        tests["starts_at >= ?"]""",
    ),
}


def module_with(name: str) -> ModuleType:
    """The module `app` with one bug."""
    path = Path(__file__).parent / "app.py"
    source = path.read_text(encoding="utf-8")
    right, wrong = BUGS[name]
    if source.count(right) != 1:
        raise ValueError(f"{name}: its place is not in app.py once")
    module = ModuleType(f"evaluation.sealed.app_{name.replace('-', '_')}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    exec(compile(source.replace(right, wrong), f"{path} with {name}", "exec"), module.__dict__)
    return module
