"""Tell by the sentences of a call's description whether it acts: "Returns the ticket and punches it."

A verb in the third person with an object acts unless it is known to say what is answered; in other forms only
verbs act that are known to. Both lists were fitted on `tests/data/reads`, whose README says what was found in
40,339 GETs of others.
"""

from __future__ import annotations

import re

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
    r"""^\W*(?:(?:attention|be\ careful|beware|caution|important|note|warning)(?:\ that)?\W+)?
    (?:(?:(?:this|it)(?:\ (?:get|api|call|endpoint|method|operation|request|route|action|tool|function))?
       (?:'ll)?
      |the\ (?:api|call|endpoint|method|operation|request|tool|function)
      |(?:accessing|calling|clicking|executing|fetching|following|hitting|invoking|opening|reading|requesting
         |running|using|viewing|visiting)
       \ (?:(?:this|it)(?:\ (?:address|endpoint|link|method|operation|page|path|resource|route|url))?
           |the\ [a-z]+))(?!\w))?
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
_CERTAIN_OBJECT = re.compile(r"(?:it|them|this|these|its|their|every|each|whatever)$", re.I)
"""Matches what shows that a word before it is a verb: "texts a contact sent" are things."""
_OF_A_THING = re.compile(
    r"\b(?:that|which|who|whose|whether|if|when|where|to|can|may|must|should|could)\b", re.I
)
_IS_DONE = re.compile(
    r"\b(?:is|are|gets?|will\ be)\ (?:(?:then|also|automatically|immediately|permanently)\ )*"
    r"(acknowledged|burned|cleared|consumed|deleted|dequeued|destroyed|discarded|emptied|erased|expired"
    r"|incremented|invalidated|marked|popped|purged|removed|reset|revoked|sent|taken|triggered"
    r"|used\ up|wiped)\b"
    r"(?=\ afterwards|(?<=then\ taken)"
    r"|[^.]{0,80}\b(?:(?:after|upon|on|once|when|by|as\ soon\ as|as\ it\ is)\b"
    r"[^.]{0,80}\b(?:read|reading|retriev\w+|fetch\w*|deliver\w+|opened|seen|viewed|viewing"
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
    (cancell?ed|charged|cleared|consumed|deleted|destroyed|discarded|dispatched|(?:e-?)?mailed|emptied|erased
    |incremented|invalidated|notified|purged|rebooted|rebuilt|removed|reset|restarted|revoked|sent|terminated
    |triggered|wiped)\b
    (?:\ and\ (?:[a-z]+ed|built|rebuilt|sent))?
    (?:\ (?:again|at\ once|for\ good|immediately|once\ more|permanently))?
    (?:\ to\ (?:all|an?|each|every|the)\ [\w\ ']+)?\W*$""",
    re.I | re.X,
)
"""Matches a whole sentence in the passive about what a call does: "The old key is revoked."."""
_RELATIVE = (
    r"(?! (?:(?!and|for|of|or|that|to|which)[\w-]+ ){1,2}(?:\w+ed|bought|can|cast|chose|could|did|gave|got"
    r"|has|have|held|left|made|may|paid|sent|took|will|wrote)\b)"
)
"""Matches where no relative clause begins, as in "Orders the customer placed"."""
_OBJECT = re.compile(
    r" (?:the|an?|one|all|every|each|any|this|these|your|it|them|its|their|access)\b"
    rf"{_RELATIVE}(?!(?<= a) \w+ \w\w+[a-rt-z]s\b)",  # "Places a user follows"
    re.I,
)
_THING = re.compile(rf" (?:the|an?|every|this|these|your|its)\b{_RELATIVE}(?! \w+ \w\w+[a-rt-z]s\b)")
"""Matches an object behind a word that may be a noun: not "Rules it has", "Templates the API serves"."""
_AMOUNT = re.compile(r" (?:\d[\d.,]*|(?:down|off|out|up)(?! (?:how|what|when|where|which|why)))\b")
"""Matches what only a verb has behind it: "Pours 3 cups", "Tops up the card"."""
_DRAWING_VERBS = list_words("draw paint plot print")
_PICTURE = re.compile(r"(?:(?! and |,).)*?\b(?:as (?:an? )?[A-Z]{3,4}|chart|diagram|graph|map)\b")
"""Matches what is drawn or printed for the caller alone: "Prints a label as PDF"."""
_DEEDS = re.compile(
    r"(?:hold|log|record|request)s (?:an?|one)\b(?! (?:list|map|number|set|summary) of\b)"
    r"|tracks (?:an?|the) (?:click|hit|open|view|visit)\b|takes the (?:first|next|oldest)\b|hands? out\b"
    r"|(?:checks|logs) (?:the|an?) (?:(?!for|of)\w+ ){1,4}?(?:in|off|on|out|over)(?![\w-])"
    r"|(?:logs|signs) (?:in|out|you (?:in|out))\b",
    re.I,
)
"""Matches deeds by verbs that say nothing alone: "Records a visit", "Logs the user out"."""
_NOUNS_ALONE = re.compile(
    r"""^\W*(?:
    (?:(?:complete|emergency|factory|forced?|full|hard|immediate|manual|remote|soft)\ )+
     (?:(?:cache|data|database|device|index|server|system)\ )?
     (backup|clean-?up|purge|re-?import|re-?index(?:ing)?|re-?sync|reboot|rebuild|recalculation|reset|restart
     |restore|shutdown|sync|synchroni[sz]ation|wipe)\b
    |(activation|cancellation|clearing|deactivation|deletion|dispatch|flushing|purging|rebooting|removal
     |resending|resetting|restarting|revocation|termination|triggering)\ of\b
    |(?!(?:last|latest|next|pending|planned|recent|scheduled|upcoming)\b)(?:\w+\ ){1,2}
     (flush|purge|reboot|reindex(?:ing)?|restart|shutdown|teardown|wipe)\W*$
    |(backup|clean-?up|import|restart|sync)\ now\W*$)""",
    re.I | re.X,
)
"""Matches a deed that nouns alone name: "Cache flush", "Triggering of the nightly sync"."""
_PERFORMS = re.compile(r"(?:do|execute|perform)(?:s|es)? (?:an?|the) ((?:[\w-]+ ){0,2}[\w-]+)", re.I)
_EACH_CALL = re.compile(
    r"\b(?:each|every|the first) (?:call|read|request|view|visit) (?:(?:of|to) (?:this|the) \w+ )?(?:also )?"
    r"([a-z]+s)\b"
    r"(?! (?:at|by|for|from|in|on|to|with)\b)( it| one| up)?",
    re.I,
)
"""Matches what a sentence says of every call, with its verb: "Each call advances the counter"."""
_NOT_THE_SAME = re.compile(
    r"""\b(?:
    (?:can|may)\ (?:only\ )?be\ (?:fetched|opened|read|retrieved|used|viewed)
     \ (?:exactly\ |just\ |only\ )?once
    |replaces?\ (?:the|any)\ (?:current|existing|former|old|previous)
    |(?:as|has|have|with)\ (?:an?|one|the)\ (?:\w+\ )?side[- ]effects?|side[- ]effects?(?=:)
    |(?:as\ soon\ as|(?:each|every)\ time|once|whenever)\ (?:it|this|(?:the|this)\ (?:call|link|page))
     \ (?:is|has\ been)
     \ (?:called|downloaded|fetched|followed|opened|read|requested|retrieved|seen|viewed)
    |(?<=,\ )(?:a\ new\ )?one\ is\ (?:\w+\ )?(?:created|generated|issued|made|opened|started|taken)
    |(?:is|are)\ (?:\w+\ )?(?:billed|charged|consumed|created|deducted|generated|issued|made|spent|taken
     |used\ up)\ (?:\w+\ ){0,3}?(?:by\ the|by\ this|each|every|per)\ (?:call|read|request|view|visit)
    |(?:is|are)\ (?:then\ )?(?:allocated|assigned|held|kept|reserved|set\ aside)\ (?:for|to)
     \ (?:the\ caller|you)
    )\b""",
    re.I | re.X,
)
"""Matches what makes the next call another one than this: "A link that can be opened once"."""
_ASKS_WHETHER = re.compile(r" (?:that|whether|if)\b", re.I)
_TELLS = READING_VERBS | list_words("""
accept access affect aggregate allow analyse analyze answer apply assemble assume average belong break
bypass call cap carry cause classify collect combine compile complete compute connect consider construct
contain control correspond cover crop decide define demonstrate denote depend derive detect determine
differ enable enforce ensure evaluate exclude execute expect export expose express extract flatten follow
forecast format gather generate geocode give grab group guarantee guess handle hash highlight hold honor
honour host hydrate identify ignore illustrate implement include indicate infer inform inherit
interpolate keep lack last let leverage like limit link lint log manage map mean mimic mirror model
monitor name need obtain offer omit outline output override package paginate perform permit plot prepare
present prevent process produce provide proxy push quote raise range rank recognise recognize record
redirect redtreive reflect register relate replace replicate report represent request require resolve
respect respond restrict retriev retrive retrun retrurn retun reveal review round rule sample say scan
score serve simulate skip span specify spell split store stream strip structure sum summarise supersede
supply support surface take tally test throw time total trace track transform traverse use utilise
utilize visit visualise visualize wait walk warn work wrap yield
""")
"""Verbs with which a sentence in the third person says what is answered or asked for; some are misspelt."""
_NO_PREDICATES = list_words(
    "always as besides does has is its plus sometimes this thus was us various whereas"
)
"""Words that end as a verb in the third person does."""
_AUXILIARIES = list_words("be become do have let make not reduce")
"""Verbs behind `will` with which a sentence says what is answered, and how."""
_NO_DEEDS = list_words("""
accept answer complete enable handle monitor push register replace respond
""")
"""Verbs of a description that say what an endpoint is for: "Accepts a filter", "Enables you to see"."""
WEAK = list_words("""
add apply define execute fill merge modify move set start stop submit switch update write
""")
"""Verbs that a description of a read may begin with: "Execute a query"."""
_WHEN = re.compile(r" (?:after|at|every (?:\d|day|few|hour|minute|night|second)|from|when|with)\b", re.I)
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


def find_deed_of_nouns(sentence: str) -> str:
    """Return the noun of a deed by which a summary without a verb says that its call acts; else nothing."""
    found = _NOUNS_ALONE.match(sentence)
    return next(filter(None, found.groups()), "").lower() if found is not None else ""


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
        self._is_inflected = self._verb != self._word
        self._has_object = _OBJECT.match(self._behind) is not None

    def find_deed(self, *, title: str) -> str:
        """Return the words by which the sentence says that the call acts; else nothing."""
        asks = _ASKS_WHETHER.match(self._behind) is not None or asks_to_receive(self._verb, self._text)
        names = self._word == title  # "Bans that moderators imposed", of "Bans"
        reads = find_kind(find_infinitive(title.partition(" ")[0])) == "reads"
        acts = self._acts_by_known_verb(alone=not title) or self._acts_by_any_verb(reads=reads)
        if acts and not (asks or names):
            return self._verb
        return self._find_phrase() or self._find_further() or self._find_passive()

    def _acts_by_known_verb(self, *, alone: bool) -> bool:
        """True if the verb is known to act, and is not an order to the caller: "Use DELETE to remove it"."""
        if self._verb not in ACTING_VERBS - _NO_DEEDS or not self._behind.startswith(" "):
            return False
        if self._is_of_call:
            tells = self._verb in _TELLS or _WHEN.match(self._behind)  # "This starts with the newest one"
            return self._is_promise or (self._is_inflected and not tells)
        if not self._is_first or alone:
            return self._is_inflected and not self._is_first and self._has_object
        return self._verb not in WEAK and (
            self._verb not in ALSO_NOUNS or (self._is_inflected and self._has_object)
        )

    @property
    def _is_promise(self) -> bool:
        return re.search("will|'ll", self._subject, re.I) is not None

    def _acts_by_any_verb(self, *, reads: bool) -> bool:
        if self._is_promise:
            acts = self._word not in _TELLS | _AUXILIARIES
        else:  # a later line in lower case goes on with the line before it
            begins = self._is_of_call or self._is_first or self._plain[:1].isupper()
            weak = (reads and self._verb in WEAK) or _WHEN.match(self._behind)
            acts = begins and _is_deed(self._word) and not weak
        has_object = self._has_object if self._is_inflected else _THING.match(self._behind)
        is_picture = self._verb in _DRAWING_VERBS and _PICTURE.match(self._behind)
        return acts and bool(has_object or _AMOUNT.match(self._behind)) and not is_picture

    def _find_phrase(self) -> str:
        """Return the words of a deed that no verb alone tells: "performs a factory reset"; else nothing."""
        if performed := _PERFORMS.match(self._predicate):
            return next((word for word in split_words(performed[1]) if word in ACTING_VERBS), "")
        if found := _DEEDS.match(self._predicate):
            return found[0].lower()
        each = _EACH_CALL.search(self._text)
        if each and (_is_deed(each[1].lower()) or (each[1].lower() == "uses" and each[2])):
            return each[0].lower()
        found = _NOT_THE_SAME.search(self._text)
        if found is None:
            return ""
        said = found[0].lower()
        is_of_thing = re.search(r"\b(?:that|which|who)\b", self._text[: found.start()], re.I) is not None
        return "" if is_of_thing and said.startswith(("is ", "are ")) else said

    def _find_further(self) -> str:
        """Return the verb of a further predicate that acts: "Returns the ticket and punches it"."""
        in_third = self._word.endswith("s")
        if not find_kind(self._verb) and not (in_third and self._has_object):
            return ""
        for further in _AND_ACTS.finditer(self._predicate):
            word = further[1].lower()
            verb = find_infinitive(word)
            if in_third and _is_deed(word):
                acts = bool(find_kind(verb) or _CERTAIN_OBJECT.match(further[2]))
            else:
                acts = verb in ACTING_VERBS - _NO_DEEDS and (verb != word) == in_third
            if acts and not _OF_A_THING.search(self._predicate[: further.start()]):
                return verb
        return ""

    def _find_passive(self) -> str:
        done = _IS_DONE.search(self._text) or _COMES_TO_PASS.match(self._plain)
        return done[1].lower() if done else ""


def _is_deed(word: str) -> bool:
    """True of a verb in the third person that does not say what is answered or asked for."""
    in_third = re.search(r"[^s]s$|sses$", word) is not None and word not in _NO_PREDICATES
    return in_third and _TELLS.isdisjoint(list_forms(word))
