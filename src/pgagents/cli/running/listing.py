"""Verify that the listings which stores approved go on working on a new server."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import click

from pgagents.base.errors import PgagentsError, SetupError, printable
from pgagents.cli.inputs.verification import CommandLine

if TYPE_CHECKING:
    from pgagents.catalogue.model.listing import Case
    from pgagents.catalogue.model.model import Model
    from pgagents.cli.inputs.server import Target
    from pgagents.diff.listings import Package
    from pgagents.report.report import Report
    from pgagents.submit.approved import Approved
    from pgagents.submit.approved_calls import ApprovedCalls
    from pgagents.submit.approved_documents import Answers, Difference
    from pgagents.submit.listing_guard import Observed, StoreOutcome, Tools
    from pgagents.submit.listing_report import GuardReport
    from pgagents.verify.plan.options import Options
    from pgagents.verify.wire.mcp_link import Link

OPTIONS = (
    "listing", "held_passes", "as_json", "url", "start", "catalogue", "description", "servers", "cert",
    "cert_key", "max_time", "max_wait", "seed", "day", "identity", "cacert", "allow_writes", "allow",
    "mcp_url", "mcp_stdio", "pass_env", "lease", "reads", "acts",
)  # fmt: skip
"""Options that --listing accepts."""
NO_SERVER = "no MCP server is named: --mcp-url URL or --mcp-stdio 'pgagents mcp' lets its tools be called"
NO_CASE = "the catalogue has no test case with this prompt any more"
STOPPED_EARLY = "the run was interrupted"


def run(line: CommandLine) -> int:
    """Judge the approved listings, and print them. Return the exit code.

    Raises PgagentsError, InputError, UsageError and SetupError.
    """
    from pgagents.cli.inputs.catalogue import load
    from pgagents.cli.inputs.revisions import open_generated, read_lone_file
    from pgagents.cli.running.app import starting_of
    from pgagents.submit.approved import read_approved

    assert line.listing is not None
    if line.has_mcp and not line.has_api:
        raw = read_lone_file(line.listing)
        if raw is not None:
            return _show(line, _judge_list(line, raw))
    fetch, named = open_generated(line.listing, "--listing")
    approved = read_approved(fetch, named)
    model = load(line.catalogue)
    refuse_other_api(approved, model)
    check_allowed(line, approved, model)
    with starting_of(line) as (there, _):
        report = _judge_tools(there, approved, model).join(_judge_documents(there, approved, model))
    return _show(line, report)


def check_allowed(line: CommandLine, approved: Approved, model: Model) -> None:
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


def _make_options(line: CommandLine, model: Model) -> Options:
    """Return the options of a run for a model, which has only a part of the allowed actions."""
    return replace(line, allow=_list_known(model, line.allow)).make_options(model)


def _judge_tools(line: CommandLine, approved: Approved, model: Model) -> GuardReport:
    """Judge the stores that keep a package, whose tools an MCP server offers."""
    from pgagents.cli.inputs import companions, server

    if not approved.packages or not line.has_mcp:
        return judge_by_manifest(approved, model)
    url = line.url if line.url is not None else server.find_unsent_url(model)
    server.check(url, None, line.description)
    there = server.target(
        model, url, None, line.cacert, line.description, line.servers, (line.cert, line.cert_key)
    )
    companions.check(there.model, line.mcp_url, line.mcp_stdio, discovery=False)
    return _call_server(line, approved, there)


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
        f"--listing {approved.named} is of another API: it is {printable(min(names))[:80]}, "
        f"and none of its {len(approved.tools)} tools is in the catalogue",
        f"name the approved files of {model.api.title}",
    )


def _list_packages(model: Model) -> dict[str, Package]:
    """Return the catalogue's packages by store."""
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


@dataclass(slots=True)
class Ended:
    """The report of the run, once it has ended."""

    report: Report | None = None
    stopped: bool = False

    def keep(self, report: Report, stopped: bool) -> int:
        """Keep the report; nothing of it is printed."""
        self.report, self.stopped = report, stopped
        return 0

    def get_report(self) -> Report:
        """Return the report of a run that has ended."""
        assert self.report is not None
        return self.report


def _call_server(line: CommandLine, approved: Approved, there: Target) -> GuardReport:
    """Read the new server's tools, call it by the approved definitions, and judge the listings."""
    from pgagents.cli.inputs import companions, report_files, server
    from pgagents.cli.running import run as running
    from pgagents.submit.approved_calls import ApprovedCalls
    from pgagents.submit.listing_guard import compare_definitions, judge_listings, list_witnesses

    secrets = server.command_secrets(there.model, there.env.commands, line.identity)
    keys = server.keys(there.model, line.identity, there.env.identities, ask=True, secrets=secrets)
    ended = Ended()
    with companions.open_link(there, line.mcp_url, line.mcp_stdio, keys) as link:
        assert link is not None
        listed = read_tools_of(link)
        changes = compare_definitions(approved.tools, listed)
        companion = ApprovedCalls(approved.tools, listed, list_witnesses(changes), there.model)
        aids = running.Aids(secrets, None, link, companions.token(line.mcp_url), companion=companion)
        options = replace(
            _make_options(line, there.model), only=_choose(there.model, approved), only_said="--listing"
        )
        running.run(there, keys, options, report_files.Output(), aids, show=ended.keep)
        base = link.base
    assert ended.report is not None
    observed = _observe(there.model, approved, listed, companion, ended.report)
    stores = judge_listings(approved, observed, changes)
    return _make_report(approved, stores, f"{there.url} and {base}", ended)


def read_tools_of(link: Link) -> dict[str, Mapping[str, object]]:
    """Return the tools that the server lists. Raises SetupError if it cannot be read."""
    from pgagents.submit.package import read_tools

    listing = read_tools(link)
    if listing.unread or link.problem:
        raise SetupError(
            f"the server's list of tools cannot be read: {printable(link.problem or listing.unread)}",
            "start it alone first; hosts and stores read the same list",
        )
    return {name: tool for _, name, tool in listing.named}


def _choose(model: Model, approved: Approved) -> tuple[str, ...]:
    """Return the contracts of the run: the approved test cases. The result is never empty, as that means all
    contracts.
    """
    cases = [case.contract for store in approved.prompts for case in _list_cases(model, approved, store)]
    return tuple(cases) or ("--listing",)


def _list_cases(model: Model, approved: Approved, store: str) -> list[Case]:
    """Return the catalogue's test cases whose prompts the store approved."""
    from pgagents.catalogue.model.listing import cases_of

    return [case for case in cases_of(model, store) if str(case.prompt) in approved.prompts[store]]


def _observe(
    model: Model, approved: Approved, listed: Tools, companion: ApprovedCalls, report: Report
) -> Observed:
    """Return what the run showed."""
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
    approved: Approved, stores: tuple[StoreOutcome, ...], server: str, ended: Ended
) -> GuardReport:
    from pgagents.submit.listing_report import GuardReport

    report = ended.report
    assert report is not None
    footer = report.footer
    notes = (STOPPED_EARLY,) if ended.stopped else () if footer.complete else footer.notes[:2]
    left = (*footer.left_behind, *footer.may_exist, *footer.lasting)
    complete = footer.complete and not ended.stopped
    return GuardReport(approved.named, server, stores, footer.requests, complete, notes, left)


def _judge_list(line: CommandLine, raw: bytes) -> GuardReport:
    """Judge a list of tools that a store approved, on the MCP server that nothing else describes."""
    from pgagents.base.text import hide_secrets, show_path
    from pgagents.cli.inputs import companions
    from pgagents.cli.inputs.tools import make_model, open_server
    from pgagents.cli.running.run import signals
    from pgagents.cli.running.tools import verify_tools
    from pgagents.submit.approved_tools import ApprovedTools, read_list
    from pgagents.submit.listing_guard import Observed, compare_definitions, judge_listings, list_witnesses

    assert line.listing is not None
    approved = read_list(raw, show_path(hide_secrets(line.listing)))
    companions.check_one(line.mcp_url, line.mcp_stdio)
    companions.check_address(line.mcp_url, line.mcp_stdio)
    options = replace(line.make_tool_options(), only=("--listing",), only_said="--listing")
    ended = Ended()
    try:
        with (
            open_server(line.mcp_url, line.mcp_stdio, cacert=line.cacert, options=options) as link,
            signals() as stop,
        ):
            listed = read_tools_of(link)
            changes = compare_definitions(approved.tools, listed)
            companion = ApprovedTools(approved.tools, listed, list_witnesses(changes))
            stop.running = True
            report = verify_tools(make_model(link), link, options, companion=companion)
            stop.running = False
            ended.keep(report, stop.asked)
            base = link.base
    except KeyboardInterrupt:
        raise click.Abort from None
    observed = Observed(listed, approved.packages, companion.calls, companion.untried)
    return _make_report(approved, judge_listings(approved, observed, changes), base, ended)


def _judge_documents(line: CommandLine, approved: Approved, model: Model) -> GuardReport:
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
    line: CommandLine, approved: Approved, store: str, changes: Sequence[Difference], model: Model
) -> tuple[Model, Ended, Answers]:
    """Call the operations of an approved document that differ.

    Return the document as a catalogue, the end of the run, and what ordinary calls were answered. Raises
    PgagentsError if nothing can be called, with the reason and the next step.
    """
    from pgagents.cli.inputs import report_files, server
    from pgagents.cli.running import run as running
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
    there = server.target(document, line.url, None, line.cacert, line.description)
    keys = server.keys(there.model, line.identity, there.env.identities, ask=True)
    chosen = select_contracts(there.model, contracts(there.model), changes)
    if not chosen:
        raise PgagentsError("the operation cannot be called: its form is not one that a run can send")
    options = replace(_make_options(line, there.model), only=chosen, only_said="--listing")
    ended, answers = Ended(), Answers()
    aids = running.Aids(companion=answers)
    running.run(there, keys, options, report_files.Output(), aids, show=ended.keep)
    return there.model, ended, answers


def _show(line: CommandLine, report: GuardReport) -> int:
    """Print the outcomes. Return the exit code."""
    from pgagents.submit.listing_report import make_data, render_text

    make = partial(make_data, report) if line.as_json else None
    print_outcomes(make, partial(render_text, report), report.left)
    return report.find_code(held_passes=line.held_passes)


def print_outcomes(
    make_json: Callable[[], object] | None, make_text: Callable[[], str], left: Sequence[str]
) -> None:
    """Print data as JSON, or else a text, on stdout without secrets, and what is left on the server on
    stderr.
    """
    from pgagents.base.writing import quoted_text
    from pgagents.cli.inputs.companions import mask

    if make_json is not None:
        click.echo(quoted_text(mask(json.dumps(make_json(), ensure_ascii=False, indent=2))))
    else:
        click.echo(printable(mask(make_text())), nl=False)
    for what in left:
        click.echo(printable(f"left on the server: {what}"), err=True)
