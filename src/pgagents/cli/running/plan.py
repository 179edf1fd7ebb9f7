"""`pgagents verify --plan`: describes the planned requests as text, and as JSON for scripts."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgagents.base.places import Source
    from pgagents.catalogue.model.model import Model
    from pgagents.verify.plan.options import Identities, Options, Plan
    from pgagents.verify.wire.mcp_link import Link
    from pgagents.verify.wire.receiver import Inbox

FORMAT = 1


def render_plan(
    model: Model,
    options: Options,
    identities: Identities,
    url: str,
    plain_url: str,
    receiver: Inbox | None,
    mcp: Link | None,
) -> tuple[str, Callable[[], bytes]]:
    """Return the plan as text, without the last line break, and a function that makes its JSON."""
    from pgagents.verify.run.run import plan

    made = plan(model, options, identities, url=url, plain_url=plain_url, receiver=receiver, mcp=mcp)
    unproven = list_unproven(model)

    def make_json() -> bytes:
        from pgagents.base.writing import quoted_text

        data = {**document(made, options, url, model.source), "unproven": unproven}
        written = quoted_text(json.dumps(data, ensure_ascii=False, indent=2))
        return f"{written}\n".encode("utf-8", "replace")

    return text(made, options.seed, unproven), make_json


def list_unproven(model: Model) -> list[str]:
    """Return the promises of the catalogue that no check can prove: the retention of data, by name."""
    return [f"retention/{name}" for name in model.retention or {}]


def text(made: Plan, seed: int, unproven: Sequence[str] = ()) -> str:
    """Return the plan as text. `unproven` are promises of the catalogue without a contract."""
    from pgagents.base.writing import printable
    from pgagents.cli.running.progress import duration
    from pgagents.report.layout import table
    from pgagents.report.verdicts import WITHHELD, describe_withheld, format_count
    from pgagents.verify.plan.selection import say_lasting

    pace = f", about {duration(made.seconds)} at the pace that the catalogue allows a key,"
    wall = pace if made.seconds >= 1 else ""
    checks = sorted(made.by_check.items(), key=lambda item: (-item[1], item[0]))
    lines = [
        (
            f"{format_count(made.total, 'request')}{wall} for "
            f"{format_count(len(made.selected), 'contract')} "
            "(nothing is sent)"
        ),
        "",
        *table(
            ["bucket", "requests"],
            [[name or "(none)", f"{count:,}"] for name, count in made.requests.items()],
        ),
        "",
        *table(
            ["to prove", "requests"],
            [[name.replace("_", " "), f"{count:,}"] for name, count in checks if count],
        ),
    ]
    if made.shares:
        rows = [[name, f"{count:,}"] for name, count in made.shares.items()]
        lines += [
            "",
            *table(["budget", "requests"], rows),
            f"up to {made.apart:,} more undo what was made or repeat a refused call",
        ]
    reasons = Counter(
        WITHHELD
        if made.withheld.left_out(contract)
        else "their values may reach others (the line `arguments` names them)"
        if reason.endswith(" sends it")
        else reason
        for contract, reason in made.left_out
    )
    if reasons:
        lines += ["", "left out:", *(f"  {count:,}: {reason}" for reason, count in reasons.most_common())]
    for line in (*describe_withheld(made.withheld), *([made.undrawn] if made.undrawn else [])):
        lines += ["", *textwrap.wrap(printable(line), 100, subsequent_indent="  ", break_on_hyphens=False)]
    if made.lasting:
        few = printable(say_lasting(made.lasting))
        lines += ["", *textwrap.wrap(few, 100, subsequent_indent="  ", break_on_hyphens=False)]
    if unproven:
        lines += ["", f"promised, and proved by no check: {', '.join(unproven)}"]
    return "\n".join([*lines, "", f"plan {made.digest[:16]} for seed {seed}"])


def document(made: Plan, options: Options, url: str, source: Source) -> dict[str, Any]:
    """Return the plan as JSON data: requests by bucket, stage and check, selected contracts, and why
    others are left out.
    """
    from pgagents.report.formats.json import contract, withheld

    tried = [{**contract(c, source), "requests": made.by_contract.get(c.id, 0)} for c in made.selected]
    return {
        "plan": {
            "format": FORMAT,
            "url": url,
            "seed": options.seed,
            "profile": options.profile,
            "digest": made.digest,
            "requests": made.total,
            "seconds": round(made.seconds, 1),
            "by_bucket": dict(made.requests),
            "by_stage": dict(made.by_stage),
            "by_check": dict(made.by_check),
            "budget": dict(made.shares),
            "budget_apart": made.apart,
        },
        "contracts": tried,
        "left_out": [{"contract": c.id, "reason": reason} for c, reason in made.left_out],
        **({"lasting": list(made.lasting)} if made.lasting else {}),
        **({"undrawn": made.undrawn} if made.undrawn else {}),
        **({"withheld": withheld(made.withheld)} if made.withheld.calls or made.withheld.arguments else {}),
    }
