"""The manifest of a Claude plugin, and its icon.

npm @anthropic-ai/claude-code 2.1.329, `claude plugin validate --strict --profile directory`, run 2026-11-21.
"""

from __future__ import annotations

from pgagents.catalogue.model.model import Model
from pgagents.generate import store_listing
from pgagents.generate.store_listing import leave_out_empty, list_drafts, list_lost_cases, list_members
from pgagents.generate.target import Loss, Target, View

_FOLDER = "claude_plugin/.claude-plugin"
_SIDE = 512


def view(model: Model) -> View:
    """Return the manifest with the texts of the listing."""
    listing = model.surfaces["anthropic"].listing
    assert listing is not None
    members = {
        **list_members(listing),
        "privacyPolicyUrl": listing.privacy,
    }
    lost = tuple(
        Loss(text.origin, f"starter {number}", "dropped", "a Claude plugin has no starter prompts")
        for number, text in enumerate(listing.starters, 1)
    )
    lost += tuple(list_lost_cases(model, "anthropic", "a Claude plugin"))
    picture = store_listing.choose_icon(listing, _SIDE)
    notes = tuple(list_drafts(model, "anthropic"))
    return View({"members": leave_out_empty(members)}, lost, notes, assets={f"{_FOLDER}/icon.png": picture})


TARGET = Target(
    "Claude plugin",
    (f"{_FOLDER}/plugin.json", f"{_FOLDER}/icon.png"),
    view,
    surface="anthropic",
    part="surfaces.anthropic.listing",
    lists_actions=False,
)
