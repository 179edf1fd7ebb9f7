"""The verbs by whose meaning a call is judged: those that act, that read, and that are things too.

All are English. They were chosen by the names of 690 GETs and 340 tools (`tests/data/reads/README.md`).
"""

from __future__ import annotations

import re


def list_words(text: str) -> frozenset[str]:
    """Return the words of a text between its blanks."""
    return frozenset(text.split())


_ACTING = list_words("""
abandon abort absorb accept accrue ack acknowledge acquire activate add adjust allocate amend anonymise
anonymize answer append apply approve arm assign associate attach authorise backfill ban bgrewriteaof bgsave
bind blacklist blink boil boost boot bust buy buzz calibrate cancel cede chgrp chmod chown claim cleanup clear
clone close commence commit compact complete compress confirm confiscate consolidate consume convey copy
cordon create deactivate deallocate debit decline decommission decrby decrease decrement decrypt deduct defer
define defragment defrost del delete deliver demolish demote denylist deprovision depublish dequeue deregister
descale destroy detach detonate dial dim disable disallow disarm disassociate disburse discard disconnect
dislike dismantle dismiss dispatch dispense dispose dissolve divert donate downgrade downvote drag drain drop
dropdb duplicate edit eject elevate emancipate emit emulate enable encrypt enlist enqueue enrol enroll erase
escalate evacuate evict execute exempt expedite expel expire expireat extend extinguish failover fence fill
finalise finalize flip flush flushall flushdb forfeit forget forgot forward freeze gc generateotp getdel halt
handle hdel hibernate hincrby hoist honk hover hset ignite ignore impersonate inc incr incrby increase
increment inflate ingest initialise initialize initiate inject insert install instantiate intercept interrupt
invalidate join kick kickstart kill killall launch lease lift lockdown lockout logoff logout lower lpop lpush
lrem ltrim mark merge migrate mint mkdir mkfs modify modprobe monitor move mute mv nack navigate notify nudge
nuke nullify obliterate offboard offload onboard optimise optimize oust overwrite pardon pause pay persist
pkill pop postpone powercycle poweroff poweron preempt preheat prime prolong promote provision prune publish
purge push put quarantine quiesce raise rebalance rebuild recalculate recalibrate recharge recheck reclassify
recompile recompute reconcile reconfigure reconnect recount recover recrawl recycle redact redeem redeploy
redo redrive refetch reformat refuel regenerate register rehash reindex reinit reissue reject reload relocate
remediate remind remount rename renew renumber reopen reorder repair replace replay reply repopulate repost
reprint reprioritize reprocess requeue rerun rescan reschedule rescind resign resize respond restock restore
resume resurrect resync retag retract retrain retry revert revive revoke rewind rm rmall rmdb rmdir rmi rmmod
rollback rotate rpop rpush sadd save scrobble scrub seed seize send sendout set setex setnx sever shred
shuffle shutdown signoff signout silence snooze spawn spin spop squash srem stabilise start stash steer stop
submit subscribe subtract sudo summon surrender suspend swap swipe switch tare teardown terminate tilt toggle
topup transcode transmit trigger truncate turn umount uncheck undo undraft unlatch unload unmount unresolve
unsub unwatch unwind update upgrade upload upsert upsize upvote vacate vacuum vend void wakeup wipe wipefs
withdraw withhold wol write xadd xdel yank zadd zap zincrby zrem
""")
VERBS_OR_NOUNS = list_words("""
advance archive assist authenticate authorize award backup bid block book bookmark bounce brew broadcast build
bump burn call capture cast change charge checkin checkout clean click collect comment connect control cool
credit deny deploy deposit double draw dump email empty end evaluate exec favorite favourite fine fire flag
flash follow force fork fund gift go grant heat hide hit hold home import invite invoke issue leave like link
lock log login mail manage mow open order pan park patch pin place play pledge plug poke post press print
process queue rate recall record redirect refresh refund release report request reserve retire review ring
rinse roll rollout run scale scan seal sell share shift ship shorten sign signup simulate skip sleep split
spray stage stamp star store sweep sync synchronise synchronize tag take tip touch tow trade transfer trash
treat tune unlike vent vote wake warm warmup wash water zoom
""")
"""Words that are a verb in one name and a thing in another, such as an order."""
READING_VERBS = list_words("""
all any are autocomplete browse calculate can check compare convert count decode describe detail details
diff discover display does download echo enumerate estimate examine exists explain explore fetch filter find
get has head health help index info inspect introspect is latest list listen load locate look lookup match
me measure page parse peek ping poll predict preview query read receive recommend render retreive retrieve
return search see select show snapshot sort stat statistics stats status suggest summarize summary tail tell
translate validate verify version view watch whoami
""")
ACTING_VERBS = (
    _ACTING | {f"un{verb}" for verb in _ACTING | VERBS_OR_NOUNS} | {f"re{verb}" for verb in _ACTING}
) - (VERBS_OR_NOUNS | READING_VERBS | {"remark"})
"""Verbs that are hardly ever the name of a thing."""
CHANGING_VERBS = list_words("""
add append cancel commit create delete destroy drop edit erase execute insert kill modify move overwrite
post publish purge push remove rename reset restart revoke send set start stop submit truncate update upload
wipe write
""")
"""Verbs that nothing which only reads can be named by. A tool that has one as its second word acts too, as in
`git_commit`.
"""
ALSO_NOUNS = list_words("""
commit drag fill handle monitor register stop trigger upload
""")
"""Acting verbs that are things too: a summary that reads outweighs them, as of `/StopPoint`."""


def find_kind(word: str) -> str:
    """Return what a verb does; empty for a word that is not a known verb."""
    if word in ACTING_VERBS:
        return "acts"
    if word in READING_VERBS:
        return "reads"
    return "either" if word in VERBS_OR_NOUNS else ""


def find_infinitive(word: str) -> str:
    """Return `create` for `creates`, `apply` for `applies`; an unknown word as it is."""
    return next((form for form in list_forms(word) if find_kind(form)), word)


def list_forms(word: str) -> list[str]:
    """Return a word and the verbs of which it may be the third person."""
    return [word, re.sub("s$", "", word), re.sub("es$", "", word), re.sub("ies$", "y", word)]
