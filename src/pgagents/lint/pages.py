"""Explain each id of a finding, with a title and a full text, for `pgagents explain` and the reference."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import dedent

from pgagents.lint.facts import Requirement, requirements
from pgagents.lint.importers import copilot as copilot_messages
from pgagents.lint.importers.copilot import templates as copilot
from pgagents.lint.importers.gpt_builder import TOLD as ADVICE
from pgagents.lint.importers.gpt_builder_import import Template, templates
from pgagents.lint.packages.fields import table
from pgagents.lint.packages.package import list_judges as list_package_judges
from pgagents.lint.rule import page, rules
from pgagents.lint.tools.tool_judge import list_judges

_EFFECTS = {
    "blocks": "Nothing is imported then.",
    "drops operation": "The operation is not imported then.",
    "drops parameter": "The operation loads without the argument then.",
    "warning": "It is shown in red, and the operations load all the same.",
    "form": "The web form says it when the GPT is saved.",
}
_SEEN = {
    "whole": "",
    "part": " Only the end of the text was published; the rest is made after its neighbours.",
    "none": " Nobody has published the text; it is made after its neighbours.",
}
_MANIFESTS = {"ai-plugin": "openai", "copilot-plugin": "microsoft"}
"""The vendors of manifests, by the name of their judge."""


def titles(ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return title and text by id, for known ids."""
    return {id: told for id in dict.fromkeys(ids) if (told := title(id)) is not None}


def title(id: str) -> tuple[str, str] | None:
    """Return title and text of a rule, an importer's message, or any other finding; None for an unknown
    id.
    """
    if id in rules():
        read = read_page(page(id))
        row = requirements()[rules()[id].requirement]
        return (
            read.title,
            f"{read.text}\n\n{rules()[id].severity}; {row.cited}\n  “{row.quote}”\n  {row.url or row.source}",
        )
    if id.startswith("gpt-builder/") and id.partition("/")[2] in templates():
        return _message(templates()[id.partition("/")[2]])
    if id.startswith("gpt-builder/") and id.partition("/")[2] in ADVICE:
        return ADVICE[id.partition("/")[2]].partition(". ")[0].rstrip(".") + ".", ADVICE[id.partition("/")[2]]
    if (behind := _row(id)) is not None:
        return (
            f"{behind.id}: “{behind.quote}”",
            f"{behind.level}, read {behind.read}: “{behind.quote}”\n  {behind.url or behind.source}",
        )
    if id.startswith("copilot-import/") and id.partition("/")[2] in copilot():
        return _copilot(copilot()[id.partition("/")[2]])
    if (rule := _package_rule(id)) is not None:
        return rule
    told = diagnostic(id)
    return (told.partition(". ")[0].rstrip(".") + ".", told) if told else None


def _row(id: str) -> Requirement | None:
    """Return the requirement behind a finding about a tool list or manifest, such as
    `gemini-tools/function-name`.
    """
    judge, _, row = id.partition("/")
    tools = list_judges().get(judge)
    vendor = tools.vendor if tools is not None else _MANIFESTS.get(judge)
    rows = requirements()
    return (rows.get(f"{vendor}.{row}") or rows.get(f"catalogue.{row}")) if vendor else None


def _package_rule(id: str) -> tuple[str, str] | None:
    """Return title and text of a finding about a package, such as `openai-portal/plugin_name_missing`."""
    judge, _, name = id.partition("/")
    if judge not in list_package_judges():
        return None
    code = table(judge.replace("-", "_")).codes.get(name)
    if code is None:
        return None
    parts = [f"{code.severity}, of {list_package_judges()[judge].title}: {code.says}"]
    if code.help:
        parts.append(f"What to do: {code.help}")
    if code.undecided:
        parts.append(f"Not decided here: {code.undecided}")
    parts.append(f"Source: {code.cited}")
    return code.says.rstrip("."), "\n\n".join(parts)


def _copilot(template: copilot_messages.Template) -> tuple[str, str]:
    stages = {
        "parser": "m365-spec-parser raises it",
        "generator": "m365-spec-parser raises it when it makes the manifest",
        "service": "the parser lets it pass; Copilot's documents or service do not",
    }
    return (
        f"An error of Copilot's import ({template.id}).",
        f"{stages[template.stage]}.\n\nWhat to do: {template.help}\n\nSource: {template.source}",
    )


def _message(template: Template) -> tuple[str, str]:
    text = (
        f"The GPT builder says: {template.template}\n\n{_EFFECTS[template.effect]}"
        f"{'' if template.certain else ' Reports differ on that.'}"
        f"{_SEEN[template.seen]}\n\nWhat to do: {template.help}\n\nSource: {template.source}"
    )
    return f"A message of the GPT builder ({template.id}).", text


# -- pages of rules


_PART = re.compile(r"^(Bad|Good):\n\n((?:    .*\n|\n)+)", re.M)


@dataclass(frozen=True, slots=True)
class Page:
    """A rule's page. `bad` and `good` are YAML that is merged into a small catalogue; empty if the page
    has none.
    """

    title: str
    text: str
    bad: str
    good: str


def read_page(docstring: str) -> Page:
    """Parse a docstring. The first paragraph is the title; `Bad:` and `Good:` begin indented YAML."""
    whole = docstring.strip() + "\n"
    parts = {name: dedent(body).strip("\n") + "\n" for name, body in _PART.findall(whole)}
    told = _PART.sub("", whole)
    title, _, text = told.partition("\n\n")
    return Page(" ".join(title.split()), text.strip(), parts.get("Bad", ""), parts.get("Good", ""))


# -- findings that are not rules


CATALOGUE = {
    "absent": (
        "`absent` of a resource does not fit its `id`. Where the id is one member, `absent` is one "
        "value. Where the id is several members, "
        "`absent` gives one value for each of them."
    ),
    "alias": (
        "`*name` stands for a value written elsewhere. Aliases are refused: a finding must lead to one "
        "line. Write the value out."
    ),
    "answer": (
        "An answer is described in a way that its media type cannot have. CSV is rows of plain values, a "
        "text is one text, and a file goes through no dispatcher that answers JSON. An event stream whose "
        "events are described says when it ends."
    ),
    "anchor": (
        "`&name` names a value for later use. Anchors are refused: a finding must lead to one line. "
        "Write the value out where it is used."
    ),
    "character": (
        "The file holds a character that YAML forbids, or that readers of YAML 1.1 and 1.2 take "
        "differently. Remove it, or "
        "write it as `\\uXXXX` inside double quotes."
    ),
    "comma": "A text in `{…}` or `[…]` has a comma in brackets of its own, where YAML ends it. Quote it.",
    "cookie": (
        "An argument cannot travel in a cookie. Servers read lists and objects there in many ways, and a "
        "cookie's name has letters, digits and signs such as `-` and `_`. Send it elsewhere, or give it a "
        "name under `wire`."
    ),
    "deprecated": (
        "What `deprecated` says of an action's end cannot be so. A day is not a real one, or the sunset is "
        "earlier than the deprecation. Or its successor is the action itself, or deprecated too."
    ),
    "duplicate-key": "A key stands in one mapping twice. YAML readers keep either; keep one.",
    "either": (
        "`either` lists groups of arguments, of which a call gives exactly one. An argument is in one group. "
        "It is neither required nor has a default, because it would then always be given. Each example that "
        "succeeds gives all arguments of one group, and none of the others."
    ),
    "empty": (
        "The file holds nothing. A catalogue begins with `pgagents: 1`; `pgagents init` writes one to "
        "start from."
    ),
    "error-code": (
        "An error is promised of an action that does not list it: by `otherwise` of the action, an "
        "argument, a transition, unique members or idempotency keys, or by `errors.framework` for an "
        "argument that a call must have. Add the code to the action's `errors`."
    ),
    "error-sign": (
        "`errors.when` is one comparison of a member of the answer with a constant, or `has` of a member. "
        "Manifests and the pytest module say it too, and they have no other conditions."
    ),
    "error-status": (
        "An error code has a status below 400. Only an API that says by `errors.when` which of its answers "
        "are errors has such codes."
    ),
    "error-value": (
        "A code cannot be on the wire as the catalogue has it. The schema of the envelope refuses it, or "
        "another code has the same value with the same status, so that nothing tells the two apart."
    ),
    "etag": (
        "`etag: true` says that an answer to a GET has an ETag and may be asked for conditionally. It has "
        "no effect on another method, and what it stands for is not declared a second time."
    ),
    "example": (
        "An example is refused by the schema of the action it shows, or lacks a required argument. "
        "Documents and the mock "
        "server use examples, and `verify` calls them, so they must be true."
    ),
    "expression": (
        "A CEL expression does not compile. Literals in arithmetic are written `2.0`; the names that it "
        "may read are listed in "
        "docs/explain/catalogue.md."
    ),
    "former-name": (
        "An old name under `formerly` is also a present or old name of another action; letter case does not "
        "count. Or its day is not a real date."
    ),
    "fresh": (
        "`=fresh.…` stands for a value that each call gets of its own. Its kind is unknown, or it is "
        "part of a longer expression. "
        "Name one of the kinds, and let it stand alone."
    ),
    "given": (
        "`given` of a resource names an id that somebody supplies. It has no place where a call makes or "
        "finds the resource, nor where the id is several members; make each of these a resource of its own."
    ),
    "gone-when": (
        "`gone_when` says how a removed instance is told from one that is left. Nothing removes instances of "
        "this resource. Add `undone_by` or `expires_by`, or leave `gone_when` out."
    ),
    "header": (
        "A header of an answer is said twice, is not a single text, or is Content-Type, which `content_type` "
        "says."
    ),
    "hidden-path": (
        "A literal path (`/items/mine`) is matched by a template (`/items/{id}`) of the same method, "
        "so that it may never be "
        "reached. Change it, or set `behaviour: {literal_path: wins}` if the server tries literal paths "
        "first."
    ),
    "credential": (
        "The credential cannot be as it is written. This concerns an unknown type, a header that nobody can "
        "name so or that something else uses too, a value without a place for the key, and a `security` that "
        "calls cannot meet. Keys that are needed together need a place each."
    ),
    "idempotency": (
        "`made_by` of a resource gives the idempotency key a fixed value. The server would answer the "
        "first call again, and make nothing. "
        "Leave it out: each call gets a key of its own."
    ),
    "carried": (
        "An action without `http` is offered by no dispatcher and no MCP server, or a surface lists one that "
        "it cannot carry. Give it a method and a path, or name it where it is offered."
    ),
    "idle": (
        "A value stands where it has no effect. This concerns bytes in an answer's JSON, a `style` on a "
        "plain value, an empty `wire`, or `auth` on a surface whose manifests do not mention it. The "
        "message says what to write instead."
    ),
    "if-match": (
        "`if_match` names the argument that is sent as the header If-Match on a write. A read must have an "
        "ETag to send, and the action needs an error with the status of a stale tag."
    ),
    "job": (
        "`job` names the resource that the action starts. The action makes it, something reads it, and its "
        "`state` has the values under `done` and `failed`, each in one of the two."
    ),
    "ignore-without-reason": (
        "A `# pgagents: ignore[…]` says no reason. Write it after the bracket: the next reader decides by it."
    ),
    "key": "A key is not a text. Put a number that is meant as a name into quotes.",
    "key-kind": (
        "The catalogue names a credential that calls cannot send yet, such as an OpenID "
        "Connect token. Every manifest would make agents send another one. If "
        "the API takes a key too, write that: `type: http_bearer`, `{type: api_key, in: header, "
        "name: X-API-Key}`, or `type: http_basic`."
    ),
    "law": (
        "A law does not hold, or cannot be evaluated, on an example of its own action. Correct the law "
        "or the example."
    ),
    "list": (
        "A call that lists answers no list at its place, by the schema of its answer. `at` names the member "
        "with the list, as `at: response.items`."
    ),
    "listing": (
        "A text of `listing` is missing, or its store would refuse it. The message ends with the store's own "
        "code in brackets. A plugin offers the tools of the MCP server, so a listing needs `surfaces.mcp`."
    ),
    "limit-headers": (
        "`limits.headers` mixes several forms, or its `pattern` does not say where a number stands. One API"
        " has one form: `limit`, `remaining` and `reset`; or `ietf`; or `usage` and `pattern`."
    ),
    "limit-status": (
        "`limits.status` lists the statuses of a call that is over the limit. The one of "
        "`errors.framework.limited` is none of them."
    ),
    "many-documents": "A second YAML document begins (`---`). A file holds one.",
    "merge-key": (
        "`<<` merges another mapping. It is refused, as anchors and aliases are. Write the members out."
    ),
    "other-format": (
        "The file is an OpenAPI or Swagger document. `pgagents import` makes a catalogue of it; `pgagents "
        "verify` and `pgagents lint` take it as it is."
    ),
    "over-document": (
        "The catalogue lies over an OpenAPI document (`openapi: …`), and this reader takes whole catalogues "
        "only. `pgagents show --out whole.yaml` writes both together as one file."
    ),
    "missing-key": (
        "A member that must be there is not. `schemas/catalogue.schema.json` says which; editors complete it."
    ),
    "name": (
        "A name has characters that some vendor does not take. Names begin with a letter or `_`, and "
        "have letters, digits, `_`,"
        " and at most 64 characters."
    ),
    "mcp-server": "The MCP server that a surface names lacks a URL or a package, or its URL is not https.",
    "narrow": (
        "A surface can give an argument another name, or take fewer of its values. It cannot take more than "
        "the action, and its default must be a value that it takes."
    ),
    "not-utf8": "The file is not UTF-8. Save it so.",
    "number": "A number that JSON cannot say: infinite, not a number, or too large.",
    "omit": "A surface leaves out an argument that every call must give.",
    "one-schema": (
        "Two actions of a dispatcher have arguments of one name with different schemas. The dispatcher "
        "lists the union of all "
        "arguments, so each name has one schema."
    ),
    "output": "An action lists no answer with a status from 200 to 299.",
    "pages": (
        "`pages` of an action does not say how its list goes on. `items` is a list in the answer, `next` is"
        " the value of `argument` or a URL, and `argument` may be left out of the first call. Writes have "
        "no pages."
    ),
    "past-former-name": (
        "An old name under `formerly` is past its day. What is built never depends on today, so it is "
        "offered until its line is "
        "taken out: do that, or give it a later day. `pgagents lint` and `pgagents doctor` say it."
    ),
    "path": "Placeholders of a path and arguments that travel in it do not match.",
    "reference": (
        "A schema is nothing but a reference that leads back to itself, so it says nothing of a value. Say "
        "its `type` in one of the schemas on the way."
    ),
    "refers-to": (
        "`refers_to` does not say which member of a resource's id the argument is. Where the id is "
        "several members, write "
        "`resource.member`, with a member that the id has."
    ),
    "resource": (
        "A resource names a member that no answer of its calls shows, so nobody can read it there. Name a "
        "member of what makes or reads the resource."
    ),
    "same-operation": "Two operations have one id, or ids that differ only in case. Set `operation_id`.",
    "same-path": (
        "Two paths differ only in the names of their placeholders, such as `/pets/{pet_id}` and "
        "`/pets/{id}`. OpenAPI counts them as one path, which a document must not have twice. Give the "
        "placeholder and its argument one name; a surface may have another with `as`."
    ),
    "same-route": "Two actions have one method and path.",
    "schema": (
        "This is not a JSON Schema that a value can satisfy: an unknown type, bounds that exclude all, a "
        "pattern that is not a "
        "regular expression, an array without `items`."
    ),
    "sending": (
        "A request cannot be sent as it is described. Its body has a type that no call can write, a whole "
        "body stands beside members of it, or a constant header is one that something else sets."
    ),
    "signature": "The format of a signature is none that is known: the message lists them.",
    "server": (
        "A server's URL cannot be written as it stands. Its braces do not pair or name no variable, or a "
        "variable has a default that is none of its values."
    ),
    "style": (
        "A list or an object cannot be written into the query or a form in this style. An object needs a "
        "style, and what holds lists or objects inside needs `deepObject`. Members that are sent under "
        "their own names have names that no other argument has."
    ),
    "surface": (
        "A surface lacks what its kind needs: a dispatcher its `selector` and `arguments`, a page its form."
    ),
    "syntax": "The file is not YAML. YAML takes no tabs for indentation.",
    "tag": "`!tag` gives a value another type. Tags are refused. Remove it.",
    "too-deep": "Values are nested more than 100 levels deep.",
    "too-large": "The file is larger than what is read.",
    "too-many": "The file holds more values than are read.",
    "type": (
        "A value of another kind is expected here: text, a number, true or false, a list, a mapping. "
        "YAML 1.2 reads `no` and "
        "`12:30` as text; put what looks like a number into quotes if it is text."
    ),
    "unique": (
        "`unique` names arguments of the action that makes a resource, and the error with which that action"
        " answers if their values are taken. Without `made_by`, nothing is made, so nothing is refused."
    ),
    "unknown-ignore": (
        "A `# pgagents: ignore[…]` names nothing that can be ignored. Rules of lint can be, vendors' limits "
        "and former names whose day has passed; `pgagents explain` lists the rules. Errors of the reader "
        "cannot be ignored, nor errors for which `build` does not write a document: refusals of vendors, "
        "wrong statements about the credential, and hosted files that nothing generates."
    ),
    "unknown-key": "A key is not one of the catalogue's language. The nearest one is suggested.",
    "unknown-name": (
        "Something is named that the catalogue does not have: an action, a schema, an argument, an error "
        "code, a role …"
    ),
    "unknown-surface": (
        "A name under `surfaces` is that of no vendor's surface, so no document is made for it. The help has "
        "the name that was probably meant. A dispatcher, which has `http`, may have any name."
    ),
    "unnamed": (
        "A transition under `moves` calls an action of which no argument names the instance, or several do. "
        "`input: {note_id: =resource.id}` says which; an argument with `refers_to` needs no such line."
    ),
    "unused-ignore": (
        "A `# pgagents: ignore[…]` silences nothing: what it speaks of was corrected, or the comment "
        "stands at another line "
        "than the value. `--fix` removes it."
    ),
    "value": "A value is not one of those that may stand here.",
    "within": (
        "`within` names the resource that another one lives in. A resource cannot live in itself, also "
        "not by way of others, and one that "
        "nothing makes or finds lives in nothing."
    ),
    "workflow": (
        "A step of a workflow cannot run as written. Perhaps `via` names a surface that neither dispatches "
        "the action nor has headers. Or `key`, `via`, `headers`, `expect_alone` or `within_s` stands in a "
        "workflow that manifests describe. Those are for workflows with `only_verify: true`."
    ),
}
"""Explanations by the part of the id after `catalogue/`."""

DOCUMENT = (
    "A finished document cannot be read: it is not JSON or YAML, is too large or too deep, has a key "
    "twice, or an alias that stands for too "
    "much or for itself. Nothing else is said of it before that is corrected."
)
OVERLAY = {
    "ambiguous-operation": (
        "An entry under `actions` fits several operations of the document. Name the one that is meant by "
        "method and path, such as `GET /notes`."
    ),
    "broken-overlay": (
        "A file under `openapi: {overlays: […]}` is not an OpenAPI Overlay 1.0 or 1.1: a key is missing, "
        "unknown or of a wrong type, or its JSONPath cannot be read."
    ),
    "changes-nothing": (
        "A list takes out a name that is not in the document's list, or adds one that is there. The document "
        "may have changed: correct the name, or remove it from the list."
    ),
    "document": (
        "The document is read, but no catalogue can be made of it or of the part that `openapi` chooses. The "
        "message says why; `openapi: {document: …, tags: […]}` chooses another part."
    ),
    "document-changed": (
        "The document has another SHA-256 than `openapi: {sha256: …}` pins. See what changed with `pgagents "
        "diff`, then write the new hash."
    ),
    "document-missing": (
        "The document that `openapi` names cannot be read. A path begins at the catalogue's folder; a copy "
        "of a document at a URL comes back with `pgagents import --refresh`."
    ),
    "incompatible": (
        "An action of an OpenAPI Overlay updates a value with one of another kind, or removes the whole "
        "document. An object is updated with an object, and a text with a text."
    ),
    "key": (
        "The variable that `openapi: {key: …}` names is not set, or holds what no header can carry. Export "
        "it in the shell, or set it as a secret of CI. The key itself never stands in a file."
    ),
    "mixed-list": (
        "A list of names has signs before some items and none before others. With `+` and `-` it changes the "
        "document's list, without signs it replaces it: write one of the two."
    ),
    "name": (
        "An entry with `operation:` has a name that no action can have. A name begins with a small "
        "letter; small letters, digits and `_` may follow."
    ),
    "name-taken": (
        "`operation:` gives an operation the name of another one. Take another name, or give that operation "
        "another one too."
    ),
    "no-document": (
        "`openapi` names a catalogue. A catalogue lies over an OpenAPI document alone, never over another "
        "catalogue."
    ),
    "no-target": (
        "An action of an OpenAPI Overlay finds nothing in the document, or `copy` finds several values. The "
        "document may have changed: correct the JSONPath, or remove the action."
    ),
    "openapi": (
        "The value of `openapi` is neither a path or URL nor a mapping with the key `document`, or one of "
        "its options has a wrong name or type."
    ),
    "operation": (
        '`operation` is the method and path of an operation, such as `"GET /notes/{id}"`, or its '
        "operationId. A name that an import made is neither."
    ),
    "pattern": (
        'An entry that stands for several operations, such as `"* /notes/{}*"`, has the members of an '
        "action, and no `operation`: that one is of a single operation."
    ),
    "pattern-conflict": (
        "Two patterns say different things of one member of an operation. Say it in the entry of that "
        "operation, which wins, or let one of the patterns fit less."
    ),
    "same-operation": "Two entries under `actions` speak of one operation. Join them.",
    "says-nothing-new": (
        "The document says the same as a line of the catalogue. The line may go; keep it if it shall stay so "
        "when the document changes."
    ),
    "secret-in-url": (
        "The URL of the document holds a password or a key, which everybody reads who reads the catalogue. "
        "Save the document beside the catalogue, and name that copy."
    ),
    "lost": (
        "The document says something that the catalogue's language has no word for, such as a condition "
        "between two arguments, or refers to a part that is not there. What is alike is one note, worst "
        "first; `pgagents/losses.md` lists it too."
    ),
    "repaired": (
        "The document says something in a way that OpenAPI does not allow, such as an argument of the path "
        "that is declared in the query. It is read as it can only be meant. Correct the document."
    ),
    "left-out": (
        "An operation of the document is not in the catalogue, as no call of an agent can make it, or as "
        "nothing stands where it should. It is not verified either."
    ),
    "several-hosts": (
        "The operations of the document are at several hosts. `api: {server: …}` chooses one, and those at "
        "the others are left out."
    ),
    "too-large": (
        "With this action of an OpenAPI Overlay the document would be larger or deeper than what is read, or "
        "the action changes too many values. Name fewer."
    ),
    "unknown-operation": (
        "An entry under `actions` fits no operation of the document: it is gone, or has another operationId "
        "or path. The message names the operation that is like it most; `operation:` keeps the entry's name."
    ),
    "unknown-part": (
        "The document has no such argument, member, schema, code, resource or key scheme. Correct the name, "
        "or say what the new part is: `in` of an argument, `type` of a member, `status` of a code."
    ),
    "unwritten-calls": (
        "`inferred: false` of a resource would make calls firm that the document only shows, and that change "
        "with it. `pgagents import --settle RESOURCE` writes them out."
    ),
}
"""Texts on `overlay/…`, the findings about a short catalogue over an OpenAPI document."""
REFUSED = (
    "A generated document is not what its vendor takes, by the schema in schemas/vendor (PROVENANCE.toml "
    "says where its facts come from). "
)
LIMIT = (
    "A count or a size is past what the vendor takes: a warning, and an error of `pgagents build --strict`. "
)
CREDENTIAL = (
    "The document would say something wrong of how calls are authenticated, so `build` does not write it. "
    "Its vendor has no form for the catalogue's credential, or a setting of the surface contradicts it. "
)
SERVER = (
    "The vendor would send calls, and people's keys, to an address that is nobody's: one of documentation "
    "(example.com), or the reader's own machine. So `build` does not write the document. Name your server "
    "under `api.server`; `pgagents build --draft` writes the document all the same. "
)
UNKNOWN_FILE = (
    "A file under `api.hosted` is one that nothing generates, so its address would lead to nothing. Correct "
    "the name, or remove the line; `pgagents build` lists the files that it writes."
)
GONE = (
    "The surface offers an argument or an action that the document lacks: the vendor's schemas cannot say "
    "what an argument holds, such as a value without a type, or no call by the document can have the form or "
    "the key that an action needs. `losses.md` lists it. "
)
_OF_TARGETS = {"gone": GONE, "refused": REFUSED, "limit": LIMIT, "credential": CREDENTIAL, "server": SERVER}


def diagnostic(id: str) -> str | None:
    """Return the explanation of a finding that is not a rule, or None for an unknown id."""
    vendor, _, kind = id.partition("/")
    if vendor == "catalogue" and kind in CATALOGUE:
        return CATALOGUE[kind]
    if vendor == "overlay" and kind in OVERLAY:
        return OVERLAY[kind]
    if id == "document/idle-ignore":
        return (
            "A `# pgagents: ignore[…]` in a finished document answers nothing that is found at its line, "
            "or gives no reason. Remove it."
        )
    if vendor == "document" and kind in (*CATALOGUE, "no-object"):
        return DOCUMENT
    target, _, last = id.rpartition("/")
    if id == "pgagents/hosting/unknown-file":
        return UNKNOWN_FILE
    if "/" in target and last in _OF_TARGETS:
        alone = f"The document is `{target}`; `pgagents build --target {target}` makes it alone."
        return _OF_TARGETS[last] + alone
    return None
