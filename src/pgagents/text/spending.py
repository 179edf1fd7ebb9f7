"""Tell by a write's own words whether a call of it spends money or sends something to people.

Neither can be undone. The evidence is the call's name, the last part of its path, and what its text says of
the call itself. A noun such as a billing address is none. All words are English. The rule was measured on the
writes of 2,639 documents (decision 90).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pgagents.text.brief import brief
from pgagents.text.words import split_words


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


NOTHING = Spending()


def why_spends(method: str, name: str, path: str, text: str) -> Spending:
    """Return by which words a write spends or sends; false if none says so.

    `name` is its operationId, `text` its summary and its description. A DELETE never does: a run removes only
    what it made, and would leave it there.
    """
    if method == "DELETE":
        return NOTHING
    name, path = name[:_MOST_CHARACTERS], path[-_MOST_CHARACTERS:]
    return (
        (_judge_collection(path) if method == "POST" else NOTHING)
        or _judge_words(_list_name_words(name), "name")
        or (_judge_path(path) if method == "POST" else NOTHING)
        or _judge_text(text)
    )


def _judge_collection(path: str) -> Spending:
    last = _strip_ending(path.rstrip("/").rpartition("/")[2])
    kind = "costs" if last.lower() in _OF_MONEY else "sends" if last.lower() in _OF_INVITATIONS else ""
    return Spending(kind, last, "path") if kind else NOTHING


def _judge_path(path: str) -> Spending:
    parts = [part for part in re.split(r"[?#]", path)[0].split("/") if part]
    if not parts or parts[-1].startswith("{") or set(split_words(path)) & _TO_MACHINES:
        return NOTHING
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
        return NOTHING
    first, others, last, found = words[0], set(words[1:]), words[-1], " ".join(every)
    makes_money = first in _MAKING and last in _MONEY and first != last
    places_order = first == "place" and last in ("order", "bid", "trade")
    no_object = set(words[1:3]) & _NO_OBJECTS or (first in ("purchase", "buy") and words[1] == "order")
    if makes_money or places_order or (first in _BUYING and not no_object):
        return Spending("costs", found, place)
    if set(words) & _NOT_TO_PEOPLE:
        return NOTHING
    sends = first in ("send", "resend") and set(every[1:]) & _POSTED
    tells = first in ("notify", "remind") and others & _PEOPLE
    if first == "invite" or sends or tells or (first == "email" and others & _POSTED):
        return Spending("sends", found, place)
    return NOTHING


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
    return NOTHING


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
