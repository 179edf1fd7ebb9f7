"""`pgagents listing`: says what becomes of the listings that stores approved, once a new server answers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pgagents.base.errors import PgagentsError, SetupError, printable
from pgagents.cli.inputs.options import examples
from pgagents.cli.running import guard

if TYPE_CHECKING:
    from pgagents.catalogue.model.listing import Case
    from pgagents.catalogue.model.model import Model
    from pgagents.diff.listings import Package
    from pgagents.report.report import Report
    from pgagents.submit.approved import Approved
    from pgagents.submit.approved_calls import ApprovedCalls
    from pgagents.submit.approved_documents import Answers, Difference
    from pgagents.submit.listing_guard import Observed, StoreOutcome, Tools
    from pgagents.submit.listing_report import GuardReport
    from pgagents.verify.plan.options import Options

NO_SERVER = "no MCP server is named: --mcp-url URL or --mcp-stdio 'pgagents mcp' lets its tools be called"
NO_CASE = "the catalogue has no test case with this prompt any more"


@click.command(
    short_help="Say what a new server makes of listings that stores approved.",
    epilog=examples(
        (
            "before a deployment: the listings that were approved of version 1.4.0",
            "pgagents listing v1.4.0 --env staging.yaml --mcp-stdio 'pgagents mcp'",
        ),
        (
            "a folder of generated files, by another catalogue; GPTs and Copilot call the API itself",
            "pgagents listing approved/ shop.yaml --url https://staging.example.com",
        ),
        (
            "a server that no catalogue describes, by the list of tools that a store approved",
            "pgagents listing tools.json --mcp-stdio 'node server.js'",
        ),
        ("without a server: the two lists of tools alone", "pgagents listing v1.4.0 shop.yaml"),
    ),
)
@click.argument("named", metavar="DIR|REV|FILE")
@guard.server_options
@click.option(
    "--held-passes",
    is_flag=True,
    help="Only a delisted listing or tool makes the exit code 1, not a held one.",
)
def command(**given: Any) -> int:
    """Call the server by what stores approved, and say what becomes of each listing.

    DIR has the approved files that `pgagents build` wrote. REV or REV:DIR is a git revision with them, by
    default in its generated/. FILE or REV:FILE.json is a list of tools, for an MCP server alone.

    \b
    Exit code:
      0  each listing is kept           2  wrong usage, or files of another API
      1  one is held or delisted        3  one is not decided, or the run ended early
    """
    from pgagents.cli.inputs.files import keep_out_of_here

    keep_out_of_here()
    return run(_Line(**given))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line(guard.Line):
    """The values of all options, each under its parameter's name."""

    held_passes: bool


def run(line: _Line) -> int:
    """Judge the approved listings, and print them. Return the exit code.

    Raises PgagentsError, InputError, UsageError and SetupError.
    """
    from pgagents.cli.inputs.catalogue import load
    from pgagents.cli.inputs.revisions import open_generated, read_lone_file
    from pgagents.cli.running.app import starting_of
    from pgagents.submit.approved import read_approved

    if line.has_mcp and not line.has_api:
        raw = read_lone_file(line.named)
        if raw is not None:
            return _show(line, _judge_list(line, raw))
    fetch, named = open_generated(line.named)
    approved = read_approved(fetch, named)
    model = load(line.catalogue)
    refuse_other_api(approved, model)
    check_allowed(line, approved, model)
    with starting_of(line) as (there, _):
        report = _judge_tools(there, approved, model).join(_judge_documents(there, approved, model))
    return _show(line, report)


def check_allowed(line: _Line, approved: Approved, model: Model) -> None:
    """Raise PgagentsError for an allowed action that neither the catalogue nor an approved document has."""
    from pgagents.cli.inputs.verification import actions
    from pgagents.submit.approved_documents import load_approved

    try:
        actions(model, line.allow)
    except PgagentsError:
        known = [load_approved(approved, store) for store in approved.documents]
        for pattern in line.allow:
            if not any(_list_known(one, (pattern,)) for one in (model, *known)):
                raise


def _list_known(model: Model, patterns: Sequence[str]) -> tuple[str, ...]:
    """Return those patterns that name an action of a model."""
    from pgagents.cli.inputs.verification import actions

    found = []
    for pattern in patterns:
        with suppress(PgagentsError):
            found += [pattern] if actions(model, (pattern,)) else []
    return tuple(found)


def _make_options(line: _Line, model: Model, only: Sequence[str]) -> Options:
    """Return the options of a run for a model, which has only a part of the allowed actions."""
    from pgagents.cli.inputs.verification import actions

    return guard.make_options(line, actions(model, _list_known(model, line.allow)), only, "listing")


def _judge_tools(line: _Line, approved: Approved, model: Model) -> GuardReport:
    """Judge the stores that keep a package, whose tools an MCP server offers."""
    from pgagents.submit.approved_calls import ApprovedCalls
    from pgagents.submit.listing_guard import compare_definitions, judge_listings, list_witnesses

    if not approved.packages or not line.has_mcp:
        return judge_by_manifest(approved, model)
    there = guard.find_target(line, model)
    with guard.reach_api(line, there) as server:
        assert server.link is not None
        listed = guard.read_tools_of(server.link)
        changes = compare_definitions(approved.tools, listed)
        companion = ApprovedCalls(approved.tools, listed, list_witnesses(changes), there.model)
        ended = server.call(companion, _make_options(line, there.model, _choose(there.model, approved)))
    observed = _observe(there.model, approved, listed, companion, ended.get_report())
    return _make_report(approved, judge_listings(approved, observed, changes), server.base, ended)


def refuse_other_api(approved: Approved, model: Model) -> None:
    """Raise PgagentsError if nothing of the listing is of this catalogue: neither a name nor a tool."""
    packages, tools = _list_packages(model), _list_built(model)
    names = {package.name for package in approved.packages.values()}
    known = {package.name for package in packages.values()}
    if names & known or approved.tools.keys() & tools.keys():
        return
    if not names:
        from pgagents.submit.approved_documents import load_approved

        titles = {str(load_approved(approved, store).api.title) for store in approved.documents}
        if str(model.api.title) in titles:
            return
        names = titles
    raise PgagentsError(
        f"{approved.named} is of another API: it is {printable(min(names))[:80]}, "
        f"and none of its {len(approved.tools)} tools is in the catalogue",
        f"name the approved files of {model.api.title}",
    )


def _list_packages(model: Model) -> dict[str, Package]:
    from pgagents.diff.listings import Package, list_listings
    from pgagents.submit.approved import MANIFESTS

    address = str(model.mcp_server.url) if model.mcp_server is not None and model.mcp_server.url else ""
    return {
        store: Package(str(listing.id), address)
        for store, listing in list_listings(model).items()
        if store in MANIFESTS
    }


def _list_built(model: Model) -> Tools:
    """Return the tools that the catalogue offers, as `pgagents build` writes them."""
    from pgagents.base.places import plain
    from pgagents.diff.listings import FILE
    from pgagents.generate.build import document

    if "mcp" not in model.surfaces:
        return {}
    return {tool["name"]: tool for tool in plain(document(model, FILE, traced=False).data["tools"])}


def judge_by_manifest(approved: Approved, model: Model) -> GuardReport:
    """Judge the listings by the catalogue alone, without a server."""
    from pgagents.submit.listing_guard import Observed, compare_definitions, judge_listings
    from pgagents.submit.listing_report import GuardReport

    listed = _list_built(model)
    observed = Observed(listed, _list_packages(model), untried=dict.fromkeys(approved.tools, NO_SERVER))
    stores = judge_listings(approved, observed, compare_definitions(approved.tools, listed))
    return GuardReport(approved.named, f"{model.source.file}, by the manifest alone", stores)


def _choose(model: Model, approved: Approved) -> tuple[str, ...]:
    """Return the contracts of the run: the approved test cases. The result is never empty, as that means all
    contracts.
    """
    cases = [case.contract for store in approved.prompts for case in _list_cases(model, approved, store)]
    return tuple(cases) or guard.NOTHING


def _list_cases(model: Model, approved: Approved, store: str) -> list[Case]:
    """Return the catalogue's test cases whose prompts the store approved."""
    from pgagents.catalogue.model.listing import cases_of

    return [case for case in cases_of(model, store) if str(case.prompt) in approved.prompts[store]]


def _observe(
    model: Model, approved: Approved, listed: Tools, companion: ApprovedCalls, report: Report
) -> Observed:
    from pgagents.report.contract import Verdict
    from pgagents.report.verdicts import list_case_verdicts
    from pgagents.submit.listing_guard import Observed

    failed: dict[str, dict[str, str]] = {}
    cases_untried: dict[str, dict[str, str]] = {}
    for store, prompts in approved.prompts.items():
        verdicts = {str(one.case.prompt): one for one in list_case_verdicts(model, store, report)}
        for prompt in prompts:
            one = verdicts.get(prompt)
            if one is None:
                cases_untried.setdefault(store, {})[f"“{prompt[:60]}”"] = NO_CASE
            elif one.verdict is Verdict.BROKEN:
                failed.setdefault(store, {})[one.case.name] = one.reason
            elif one.verdict is not Verdict.KEPT:
                cases_untried.setdefault(store, {})[one.case.name] = one.reason
    packages = _list_packages(model)
    return Observed(listed, packages, companion.calls, companion.untried, failed, cases_untried)


def _make_report(
    approved: Approved, stores: tuple[StoreOutcome, ...], server: str, ended: guard.Ended
) -> GuardReport:
    from pgagents.submit.listing_report import GuardReport

    return GuardReport(
        approved.named,
        server,
        stores,
        ended.footer.requests,
        ended.is_complete,
        ended.list_notes(),
        ended.list_left(),
    )


def _judge_list(line: _Line, raw: bytes) -> GuardReport:
    """Judge a list of tools that a store approved, on the MCP server that nothing else describes."""
    from pgagents.base.text import hide_secrets, show_path
    from pgagents.submit.approved_tools import ApprovedTools, read_list
    from pgagents.submit.listing_guard import Observed, compare_definitions, judge_listings, list_witnesses

    approved = read_list(raw, show_path(hide_secrets(line.named)))
    options = guard.make_options(line, line.allow, guard.NOTHING, "listing")
    with guard.reach_tools(line, options) as server:
        assert server.link is not None
        listed = guard.read_tools_of(server.link)
        changes = compare_definitions(approved.tools, listed)
        companion = ApprovedTools(approved.tools, listed, list_witnesses(changes))
        ended = server.call(companion, options)
    observed = Observed(listed, approved.packages, companion.calls, companion.untried)
    return _make_report(approved, judge_listings(approved, observed, changes), server.base, ended)


def _judge_documents(line: _Line, approved: Approved, model: Model) -> GuardReport:
    """Judge the stores that keep an OpenAPI document. Only operations that differ are called."""
    from pgagents.submit.approved_documents import compare_documents, judge_documents, read_results
    from pgagents.submit.listing_report import GuardReport

    if not approved.documents:
        return GuardReport(approved.named, "", ())
    built = build_documents(approved, model)
    changes = compare_documents(approved, built)
    shown, unshown, ends = {}, {}, []
    for store, several in changes.items():
        if several:
            try:
                document, ended, answers = _call_by_document(line, approved, store, several, model)
            except (PgagentsError, SetupError) as error:
                unshown[store] = error.message
                continue
            shown[store] = read_results(document, ended.get_report(), answers, model)
            ends.append(ended)
    stores = judge_documents(approved, changes, shown, unshown)
    report = GuardReport(approved.named, f"documents at {line.url}" if ends else "", stores)
    for ended in ends:
        report = report.join(_make_report(approved, (), "", ended))
    return report


def build_documents(approved: Approved, model: Model) -> dict[str, bytes]:
    """Return the new documents by path, those of differing stores with the operations that were approved."""
    from pgagents.generate.build import build
    from pgagents.submit.approved import DOCUMENTS
    from pgagents.submit.approved_documents import offer_approved

    built = {file.path: file.data for file in build(model).artifacts()}
    differing = [s for s, raw in approved.documents.items() if built.get(DOCUMENTS[s][0], raw) != raw]
    if not differing:
        return built
    again = build(offer_approved(approved, model))
    paths = {DOCUMENTS[store][0] for store in differing}
    return built | {file.path: file.data for file in again.files if file.path in paths}


def _call_by_document(
    line: _Line, approved: Approved, store: str, changes: Sequence[Difference], model: Model
) -> tuple[Model, guard.Ended, Answers]:
    """Call the operations of an approved document that differ.

    Return the document as a catalogue, the end of the run, and what ordinary calls were answered. Raises
    PgagentsError if nothing can be called, with the reason and the next step.
    """
    from pgagents.submit.approved_documents import Answers, find_server, load_approved, select_contracts
    from pgagents.verify.run.run import contracts

    if line.url is None and line.description is None:
        raise PgagentsError("no server is named: --url URL lets the operations be called")
    served = find_server(approved, store)
    if served.rstrip("/") != str(model.api.server).rstrip("/"):
        raise PgagentsError(
            f"the document is of {served or 'no server'}, and --url stands for {model.api.server}"
        )
    document = load_approved(approved, store)
    alone = replace(line, mcp_url=None, mcp_stdio=None, servers=())
    there = guard.find_target(alone, document)
    chosen = select_contracts(there.model, contracts(there.model), changes)
    if not chosen:
        raise PgagentsError("the operation cannot be called: its form is not one that a run can send")
    answers = Answers()
    with guard.reach_api(alone, there) as server:
        ended = server.call(answers, _make_options(line, there.model, chosen))
    return there.model, ended, answers


def _show(line: _Line, report: GuardReport) -> int:
    from pgagents.submit.listing_report import make_data, render_text

    line.print_outcomes(partial(make_data, report), partial(render_text, report), report.left)
    return report.find_code(held_passes=line.held_passes)
