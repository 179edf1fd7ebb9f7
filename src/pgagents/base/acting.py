"""Tell by a call's own words whether it acts: whether it changes what others see, or costs something.

HTTP calls every GET safe, and an MCP tool may say that it only reads; both are sometimes wrong. The evidence
is a call's name, the last part of its path, the first verb of its summary, and the predicates of its
description. The rule was measured on 690 GETs and 340 tools (`tests/data/reads/README.md`).
The verbs are English, with some of other languages (`acting_abroad`). Of calls that nouns alone describe, the
rule finds only those with a deed's noun, such as "Cache flush".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pgagents.base.acting_abroad import find_deed_abroad
from pgagents.base.acting_prose import LABEL, WEAK, asks_to_receive, find_deed, find_deed_of_nouns
from pgagents.base.text import brief, split_words
from pgagents.base.verbs import (
    ACTING_VERBS,
    ALSO_NOUNS,
    CHANGING_VERBS,
    READING_VERBS,
    VERBS_OR_NOUNS,
    find_infinitive,
    find_kind,
    list_words,
)

_WAYS = ("on",), ("off",), ("up",), ("down",)
_ENDS = list_words("""
bump burn clean empty end flash hit invoke poke refresh retire rinse run signup sleep sweep sync synchronise
synchronize take wake warmup
""")
"""Words that alone at a path's end are hardly ever a thing: `/session/end`."""
_FIRST_ONLY = list_words("""
add answer claim commit compact complete copy drop edit join lease mark merge monitor move persist pop
request save seed set start stop switch update upgrade upload write
""")
"""Verbs that act only as the first word: as a second one they are often a thing, as in `dataSet`."""
_CERTAIN_READS = list_words("""
all are can check count describe fetch find get has info is list lookup ping query search show stats status
view
""")
"""The only verbs that are trusted in a document many of whose GETs act."""
_OF_STRICT, _SHARE_OF_STRICT = 3, 0.1
"""From how many, and from which share of a document's GETs that act by their names on its other ones are not
trusted.
"""
_QUEUES = list_words("""
inbox job jobs mailbox message messages queue queues task tasks work
""")
"""Nouns of which `next` takes something out."""
_PLAYERS = list_words("playback player")
"""Nouns of what goes on to another piece by `next` and `previous`."""
_NOTICES = list_words("""
alert alerts email emails hook hooks mail mails message messages notification notifications notify push sms
webhook webhooks
""")
"""Nouns that a test or a ping sends."""
_CHOICES = list_words(
    "answer choice decision direction level option rating score speed stars state value volume"
)
"""Last words of a placeholder that says how a call acts: `/polls/{id}/vote/{choice}`."""
_ABOUT = list_words("""
area areas channel channels code codes count counts date dates day days desk desks device devices fee fees
format formats history hour hours info interval intervals key keys kind kinds limit limits link links log logs
mode modes note notes option options point points policies policy position positions price prices rate rates
reason reasons requests reserve reserves rule rules schedule schedules score scores state states statistics
stats status target targets template templates time times type types version versions window windows zone
zones
""")
"""Nouns behind a verb that make a thing of it where nothing else says that a call acts: `reset-policy`."""
_MAX_CHARACTERS = 1_000
_SUMMARY_BEGINS = 60

_METHOD_BEHIND = re.compile(r"(?:Using(?:GET|HEAD)|GET|HEAD|(?<=[a-z0-9])[_-](?:get|head))(?:_?\d+)?$")
"""Matches what a generator puts behind a name: `copyPadUsingGET`, `logout_get`, `createAlertGET_1`."""
_METHOD_BEFORE = re.compile(r"(?:get|head)_(?=[A-Z])", re.I)
_CONTROLLER = re.compile(r"(?=[A-Z0-9]*[a-z])[A-Z][A-Za-z0-9]*_(?=[A-Z]\w*$)")
"""Matches the class in front of a method's name, as in `Pads_Copy`."""
_READING_TAIL = re.compile(
    r"(?:[._#/:-](?:list|read|retrieve|index|show|info|status|count|get)"
    r"|(?<=[a-z])_(?:List|Get|Read|Show))(?:_?\d+)?$"
)
_ACTING_TAIL = re.compile(r"[a-z0-9][_-](?:write|update|delete|trigger|run)$")
_CHOSEN_BY = re.compile(r"[#?&](?:action|method|cmd|command|op|operation)=(\w+)", re.I)
_EXTENSION = re.compile(r"\.(?:json|xml|view|php|html?|lua|aspx?|do|cgi|csv|txt)$", re.I)
_ACTION_IN_PATH = re.compile(r"\{(?:action|command|cmd|verb|operation)\}/?$", re.I)
_ONE_TIME_CODE = re.compile(r"\{[^}]*(?:token|code|otp|hash)[^}]*\}/?$", re.I)
_NEW_SECRET = re.compile(r"generate\w*?(?:otp\b|api.?key)|generate (?:\w+ ){0,2}(?:otp|api key)\b", re.I)
_PREAMBLE = re.compile(
    r"""^(?:please\ |\W)*
    (?:(?:use\ )?(?:this|the|an?)[ ]
        (?:method|endpoint|api|call|function|operation|service|action|request|tool)s?
        \b[^.]*?\b(?:you\ )?(?:to|will)
      |(?:allows?|lets?|enables?|helps?)
        (?:\ (?:you|the|an?|users?|apps?|clients?|caller|programmer|founder|current|authenticated))*
        \ to(?:\ manually)?
      |used\ to|call\ to|api\ to|endpoint\ to|handles?\ (?:get|head)\ requests?\ (?:to|for)|force\ an?)\s+""",
    re.I | re.X,
)
"""Matches what stands before the verb: "Use this method to", "Allows the user to"."""
_REASONS = {
    "name": "its name says {}",
    "path": "its path says {}",
    "summary": "its summary says {}",
    "description": "its description says {}",
    "name and path": "its name and its path say {}",
    "path and summary": "its path and its summary say {}",
    "code": "its path takes a one-time code, which {} uses up",
    "secret": "it seems to {} a new key or password",
    "document": "{} is not a name that surely reads, in a document of actions",
    "argument": "its required argument {} chooses what it does",
    "mark": "the document marks it {}",
    "caller": "{} says so",
}
"""By place, the evidence in words; `{}` is the word or the summary."""


@dataclass(frozen=True, slots=True)
class Acting:
    """The word by which a call acts, and where it stands; false if nothing says that it acts.

    `place` is a key of `_REASONS`. `sentence` is the beginning of the summary, if that is the place.
    """

    word: str = ""
    place: str = ""
    sentence: str = ""

    def __bool__(self) -> bool:
        return bool(self.word)

    def __str__(self) -> str:
        return f'"{self.sentence}"' if self.sentence else self.word

    @property
    def reason(self) -> str:
        """The evidence in a few words, as the end of a sentence: "its name says `reboot`"."""
        return _REASONS[self.place].format(str(self) if self.sentence else f"`{self.word}`")


NOTHING = Acting()


def why_acts(
    name: str,
    path: str = "",
    summary: str = "",
    description: str = "",
    *,
    tool: bool = False,
    strict: bool = False,
) -> Acting:
    """Return the word by which a GET or an MCP tool acts; false if it reads as far as its words say.

    `name` is its operationId or the tool's name, `summary` its first sentence. A `tool` has no path that
    could agree with its name. `strict` is for a document of actions (`is_of_actions`), in which only names
    are trusted that certainly read.
    """
    summary, told = summary[:_MAX_CHARACTERS].strip(), description[:_MAX_CHARACTERS].strip()
    call = _Call(name[:_MAX_CHARACTERS], path[-_MAX_CHARACTERS:], summary or told)
    acting = call.find_acting(tool=tool)
    if not acting:
        deed, sentence = find_deed(told or summary, title=summary if told else "")
        acting = Acting(deed, "description", brief(sentence, 60)) if deed else NOTHING
    if not acting:
        verb, place, sentence = find_deed_abroad("" if call.reads else name, call.part, summary, told)
        acting = Acting(verb, place, brief(sentence, 60)) if verb else NOTHING
    return acting if acting or not strict else call.find_doubt()


def is_of_actions(number_acting: int, number_of_gets: int) -> bool:
    """True if so many of a document's GETs act that the names of the others cannot be trusted either."""
    return number_acting >= _OF_STRICT and number_acting >= _SHARE_OF_STRICT * number_of_gets


def begins_with_reading(name: str) -> bool:
    """True if a name begins with a verb that reads."""
    return _Phrase(_list_name_words(name)).kind == "reads"


def find_shared_prefix(names: Sequence[str]) -> str:
    """Return the prefix that most tools of a server share, such as `browser_`; empty if there is none.

    A verb is no such prefix: a server may well have nothing but `get_…`.
    """
    matches = (re.match(r"([A-Za-z][A-Za-z0-9]*)[_./:-](?=[A-Za-z])", name) for name in names)
    prefixes = Counter(match[0] for match in matches if match is not None)
    prefix, number = prefixes.most_common(1)[0] if prefixes else ("", 0)
    is_verb = bool(_Phrase(split_words(prefix)).kind)
    return prefix if number >= 2 and number > len(names) / 2 and not is_verb else ""


class _Phrase:
    """The words of a name, a path's part or a summary, with the verb that they begin with.

    `kind` is `acts`, `reads` or `either` (a verb or a thing); empty if they begin with no known verb.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(words)
        self.verb = self.words[0] if self.words else ""
        self.rest = self.words[1:]
        """The words behind the verb."""
        if self.verb in ("log", "sign", "shut") and self.words[1:2] in (("out",), ("off",), ("down",)):
            self.verb += self.words[1]
            self.kind, self.rest = "acts", self.words[2:]
        else:
            self.kind = find_kind(self.verb)
            self.verb = self.verb if self.kind else ""

    @property
    def second(self) -> str:
        return self.words[1] if len(self.words) > 1 else ""

    def forget(self) -> None:
        """Let the phrase say nothing."""
        self.kind = self.verb = ""


class _Call:
    """A call's name, the last literal part of its path, and its summary: each may say that the call acts."""

    def __init__(self, name: str, path: str, summary: str) -> None:
        self._name, self._path, self._summary = name, path, summary
        self.part, self.custom = _find_last_part(path), bool(_find_custom_method(path))
        self.name = _Phrase(_list_name_words(name))
        self.path = _Phrase(split_words(self.part))
        literals = [split_words(part) for part in path.split("/")[:-1] if part and "{" not in part]
        self._above = tuple(split_words(path.rstrip("/").rpartition("/")[0].rpartition("/")[2]))
        self._far = frozenset(literals[-1] if literals else ())
        """The words of the part before the last one, and of the nearest such part that is fixed."""
        self._sentence = _PREAMBLE.sub("", LABEL.sub("", summary))
        self._spoken = split_words(self._sentence[:_SUMMARY_BEGINS])
        if self._spoken[:1] == ["api"] and self._spoken[1:2] and self._spoken[1] in READING_VERBS:
            del self._spoken[0]  # "Api Download Backup" is the name of a function `api_download_backup`
        self.summary = _Phrase(map(find_infinitive, self._spoken[:2]))
        self.tail_reads = bool(_READING_TAIL.search(_cut_method(name)))
        self.reads = self._is_name_reading() or self.tail_reads
        self._is_behind_id = _cut_choice(path.rstrip("/")).endswith("}/" + self.part)
        self._weigh_things()
        self._weigh_summary()
        self._weigh_path()
        self._weigh_nouns()

    # -- evidence of each place

    def _is_name_reading(self) -> bool:
        """True if the name begins with a verb that reads; a name that only copies the path says nothing."""
        name, plain = self.name, _cut_method(self._name)
        all_words = split_words(plain)
        reads = name.kind == "reads" or (
            bool(all_words) and all_words[0] in READING_VERBS and not _METHOD_BEFORE.match(self._name)
        )
        if len(name.words) > 1 and (name.words[-1] in ("search", "query") or name.second == "search"):
            reads = reads or name.verb in ("", "start", "execute")  # `executeSearchByName`
        if name.second == "get" or (name.second == "list" and name.kind in ("", "either")):
            reads = True  # `notifyGetRepoList`
        if _copies_path(plain, self._path):
            self.name = _Phrase(())
            return False
        if reads:
            name.kind = "reads"
        return reads

    def _weigh_things(self) -> None:
        """Let the names of collections say nothing: `liftDoors` of `/lifts/{id}/doors`, "Bans" of `/bans`."""
        parts = [part for part in self._path.split("/")[:-1] if re.fullmatch("[a-z]*[^s]s", part)]
        things = {part[:-1] for part in parts} - {*self.path.words[:1]}
        orders = re.match(r"\w+ (?:an?|the|all|every|one|your)\b", self._sentence, re.I)  # "Lock the door"
        for phrase in (self.name, self.summary) if self._spoken and not orders else ():
            if phrase.verb in things and phrase.rest:
                phrase.forget()
        if (
            len(self._spoken) == 1
            and self._spoken != [self.summary.verb]
            and self._spoken[0] in self.path.words
        ):
            self.summary.forget()

    def _weigh_summary(self) -> None:
        summary = self.summary
        if summary.verb == "reserve" and self._spoken[1:] and re.match(r"\w+ [a-z]", self._sentence):
            summary.kind = "acts"  # "Reserve a seat", and not "Reserve Balance"
        if summary.verb in ("request", "invoke"):
            summary.forget()  # "Request list of …", "Invoke function getX"
        if summary.kind == "acts" and (
            self._spoken[1:2] in (["that"], ["whether"], ["if"])
            or asks_to_receive(summary.verb, self._summary)
        ):
            summary.kind = "reads"  # "Confirm that …", "Send terms to receive …"

    def _weigh_path(self) -> None:
        path, summary = self.path, self.summary
        before = self._above
        if before[:1] in (("get",), ("list",), ("show",), ("read",)):
            path.kind = "reads"  # `/get/start`
        first = path.words[0] if path.words else ""
        if summary.kind == "acts" and first.startswith(summary.verb) and len(first) > len(summary.verb) + 1:
            path.kind, path.verb = "acts", summary.verb  # `/sendtx` "Send transaction"
        if not path.kind and len(path.words) == 2 and path.second in ACTING_VERBS - _FIRST_ONLY:
            path.kind, path.verb = "acts", path.second  # `/FactoryReset`
        if path.kind == "either" and self.custom and not path.rest:
            path.kind = "acts"  # `/jobs/{id}:run`: behind a colon stands a verb, never a thing
        if not path.kind and _ACTION_IN_PATH.search(self._path):
            path.kind, path.verb = "acts", "{action}"
        thing = path.second in _ABOUT and len(path.words) == 2 and not self.custom
        if path.kind == "acts" and thing and summary.kind != "acts" and self.name.kind != "acts":
            path.kind = ""  # `/settings/reset-policy`
        if path.kind != "acts" and (word := self._find_deed()):
            path.kind, path.verb, path.rest = "acts", word, ()

    def _find_deed(self) -> str:
        """Return the word by which a path acts that begins with none: `/jobs/next`, `/light/on`."""
        words, above = self.path.words, self._above
        if words in _WAYS and above and above[0] not in _CERTAIN_READS:
            return words[0]
        if words == ("done",) and self._is_behind_id:
            return "done"
        if words == ("read", "all") and {*above} & (_NOTICES | _QUEUES):
            return "read"
        if words == ("next",) and above and above[-1] in _QUEUES:
            return "next"
        if words in (("next",), ("prev",), ("previous",)) and {*above[-1:]} & _PLAYERS:
            return words[0]
        if words == ("now",) and above and (find_kind(above[-1]) in ("acts", "either")):
            return above[-1]
        if words in (("ping",), ("test",)) and {*above, *self._far} & _NOTICES:
            return words[0]
        if len(words) > 1 and words[0] == "test" and words[1] in _NOTICES:
            return "test"
        if (
            len(words) == 2
            and words[1] in ("all", "now", "next")
            and find_kind(words[0]) in ("acts", "either")
        ):
            return words[0]  # `take-next`, `end-all`
        if len(words) == 2 and words[0] == "test" and find_kind(words[1]) in ("acts", "either"):
            return words[1]  # `test-fire`
        joined = "".join(words)
        if joined.startswith("test") and joined[4:] in _NOTICES:
            return "test"
        return _find_joined(words)

    def _weigh_nouns(self) -> None:
        """Let acting verbs that are things too say nothing where the summary reads, and the reverse."""
        name, path, summary = self.name, self.path, self.summary
        if summary.kind == "reads":
            several = len(name.words) > 1 or len(path.words) > 1 or name.verb != path.verb
            if name.verb in ALSO_NOUNS and path.verb in ALSO_NOUNS | {""} and several:
                name.kind = path.kind = ""
            if path.kind == "acts" and path.verb in ALSO_NOUNS and not name.kind:
                path.kind = ""
        weak = summary.kind == "acts" and summary.verb in ALSO_NOUNS - {"trigger", "register"}
        if weak and "acts" not in (path.kind, name.kind):
            summary.kind = ""

    # -- the decision

    def find_acting(self, *, tool: bool) -> Acting:
        """Return the first evidence that the call acts, the surest first."""
        name, path, summary = self.name, self.path, self.summary
        asks = self._spoken[:1] in (["check"], ["checks"]) and self._spoken[1:2] in (["if"], ["whether"])
        if asks and name.kind != "acts":
            return NOTHING
        if tool and name.kind != "reads" and (acting := self._judge_tool()):
            return acting
        if secret := self._find_secret():
            return secret
        if acting := self._judge_name():
            return acting
        if self.reads:
            return self._contradict_name()
        if path.kind == "acts":
            # `/upload-tokens` "List …" is a collection; `/jobs/{id}/clear` "Returns …" is an action
            collection = summary.kind == "reads" and path.rest and not self.custom
            return NOTHING if collection else Acting(path.verb, "path")
        if summary.kind == "acts":
            return self._by_summary()
        if noun := find_deed_of_nouns(self._sentence):
            return Acting(noun, "summary", brief(self._summary.split("\n")[0], 60))
        return self._judge_nouns(tool=tool)

    def _judge_tool(self) -> Acting:
        """Judge a tool by a verb that stands behind its thing: `issue_write`, `git_commit`."""
        if tail := _ACTING_TAIL.search(self._name):
            return Acting(split_words(tail[0])[-1], "name")
        behind = not self.name.kind and self.name.second in CHANGING_VERBS
        return Acting(self.name.second, "name") if behind else NOTHING

    def _find_secret(self) -> Acting:
        """Find a call that uses up a one-time code, or makes a secret."""
        if re.search(r"verify|confirm", f"{self._name} {self.part}", re.I) and _ONE_TIME_CODE.search(
            self._path
        ):
            return Acting("verify", "code")
        if _NEW_SECRET.search(f"{self._name} {self._path} {self._summary}"):
            return Acting("generate", "secret")
        return NOTHING

    def _judge_name(self) -> Acting:
        name, summary = self.name, self.summary
        if name.kind == "acts":
            # `set_list` of `/sets` lists sets; `reset_read` "Resets …" does what it says
            listing = summary.kind == "reads" or (not summary.kind and len(self.path.words) != 1)
            return NOTHING if self.tail_reads and listing else Acting(name.verb, "name")
        if joined := _find_joined(name.words):
            return Acting(joined, "name")  # `read_and_delete`
        behind = name.second if name.kind == "" or (name.kind == "either" and len(name.words) == 2) else ""
        if behind == "reset" and self.path.kind != "acts":
            return NOTHING  # `api_reset_settings` of `/settings/default`
        if name.kind and behind in ALSO_NOUNS:
            return NOTHING  # `route_stop`
        if behind in ACTING_VERBS - _FIRST_ONLY and not self.reads:
            return NOTHING if summary.kind == "reads" else Acting(behind, "name")  # `contact_delete`
        return NOTHING

    def _contradict_name(self) -> Acting:
        """Judge a call whose name reads: only path and summary together say otherwise."""
        kinds = (self.path.kind, self.summary.kind)
        if kinds in (("acts", "acts"), ("acts", "either"), ("either", "acts")):
            return Acting(self.path.verb, "path and summary")
        gets = "get" in (*split_words(_cut_method(self._name))[:1], self.name.second)
        if kinds == ("acts", "") and len(self.path.words) == 1 and gets:
            return Acting(self.path.verb, "path")
        return NOTHING

    def _judge_nouns(self, *, tool: bool) -> Acting:
        """Judge by words that are a verb or a thing: two places must agree that it is a verb."""
        name, path, summary = self.name, self.path, self.summary
        word, kind = path.verb, path.kind
        if not kind and len(path.words) == 2 and path.second in VERBS_OR_NOUNS:
            word, kind = path.second, "either"
        if tool and name.kind == "either" and summary.kind != "reads":
            return Acting(name.verb, "name")
        sentence = len(self._spoken) > 1 and re.match(r"\w+ [a-z]", self._sentence)  # "Share a screenshot"
        if summary.kind == "either" and sentence and summary.verb in (name.verb, word):
            return self._by_summary()
        bare = path.rest in ((), ("now",)) and kind == "either"
        agree = bare and name.kind == "either" and name.verb == word and summary.kind != "reads"
        alone = len(name.words) == 1 or name.rest in (self._above, (*self._above, *path.words))
        if agree and (self._is_behind_id or (alone and self._path.rstrip("/").endswith(self.part))):
            return Acting(word, "name and path")  # `login` of `/login`, `empty_trash` of `/trash/empty`
        ends = word in _ENDS and self._path.rstrip("/").endswith(f"/{self.part}")
        if bare and (self._is_behind_id or ends) and not name.words and not self._spoken:
            return Acting(word, "path")
        return NOTHING

    def _by_summary(self) -> Acting:
        return Acting(self.summary.verb, "summary", brief(self._summary.split("\n")[0], 60))

    def find_doubt(self) -> Acting:
        """Return the word that no reading verb vouches for; false if the call certainly reads."""
        name, path = self.name.words, self.path.words
        if len(path) == 1 and not find_kind(path[0]):
            return NOTHING  # `conversations.history`
        spoken = find_kind(find_infinitive(self._spoken[0])) if self._spoken else ""
        if spoken == "reads" and _Phrase(name).kind != "either":
            return NOTHING  # "Returns the users …"
        whole = split_words(_cut_method(self._name))
        if {*name[:1], *name[-1:], *whole[:1], *whole[-1:], *path[:1]} & _CERTAIN_READS:
            return NOTHING
        return Acting((*name, *path, "?")[0], "document")


def _find_joined(words: Sequence[str]) -> str:
    """Return the acting verb behind an `and` or `then`, as in `export-and-mark`; empty without one."""
    pairs = pairwise(words)
    weak = WEAK - {"start", "stop"} if find_kind("".join(words[:1])) else WEAK | ALSO_NOUNS
    deeds = ACTING_VERBS - weak  # `snapshot-and-stop`
    return next((verb for joint, verb in pairs if joint in ("and", "then") and verb in deeds), "")


def _cut_method(name: str) -> str:
    return _METHOD_BEHIND.sub("", name) or name


def _list_name_words(name: str) -> list[str]:
    """Return the words of a name that say what it does: `share` and so on of `files.remote.share`."""
    plain = re.sub(r"^(?:get|GET|Get|head|HEAD)_(?=[A-Z])", "", _cut_method(name))
    for separator in (".", "#", "::", "/", ":"):
        plain = next((part for part in reversed(plain.split(separator)) if part), "")
    found = split_words(_CONTROLLER.sub("", plain, count=1) if _CONTROLLER.match(plain) else plain)
    while found and found[-1].isdecimal():
        found.pop()
    return found


def _find_last_part(path: str) -> str:
    """Return the part of a path that names its action: of the query, behind a colon, or the last one."""
    if chosen := _CHOSEN_BY.search(path):
        return chosen[1]
    address = re.split(r"[?#]", path, maxsplit=1)[0]
    if verb := _find_custom_method(address):
        return verb
    for part in reversed(address.split("/")):
        literal = re.sub(r"[({].*", "", part)
        if literal.strip("._-$"):
            return _EXTENSION.sub("", literal).rstrip(".").rpartition(".")[2]
    return ""


def _find_custom_method(address: str) -> str:
    """Return the verb behind a colon, as in `/jobs/{id}:cancel`."""
    verb = re.search(r":([A-Za-z]\w*)$", re.sub(r"\{[^}]*\}", "", address))
    return verb[1] if verb else ""


def _cut_choice(path: str) -> str:
    """Return `/polls/{id}/vote` of `/polls/{id}/vote/{choice}`; a path without a choice as it is."""
    front, _, last = path.rpartition("/")
    return front if last.startswith("{") and {*split_words(last)[-1:]} & _CHOICES else path


def _copies_path(name: str, path: str) -> bool:
    """True if a generator made a name of path and method: `get_users_id_reset` of `/users/{id}/reset`."""
    words = split_words(name)
    if len(words) > 1 and words[-1] in ACTING_VERBS and words == split_words(path):
        return True  # `search_reindex` of `/search/reindex`
    copied = re.match(r"(?:get|head)[_-](.+)", name, re.I)
    known = set(split_words(path))
    return copied is not None and known.issuperset(split_words(copied[1]))


# -- is the server well?


_HEALTH = re.compile(
    r"(?:get_|check_)?(?:health|healthz|health[_-]?check|livez?|liveness|readyz?|readiness|ping)"
)


def asks_health(name: str, path: str) -> bool:
    """True if a call's name, or the end of its path, asks whether the server is well.

    Who asks that is a program and not a model.
    """
    last = path.rstrip("/").rpartition("/")[2].lower()
    return bool(_HEALTH.fullmatch(last) or _HEALTH.fullmatch(name))
