"""Compare the calls that may follow an action: the next page of its list, and the reads of its job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.diff.change import Change
from pgagents.diff.parts.laws import list_meaning
from pgagents.diff.schemas import Sides
from pgagents.model.answers.error_code import Code
from pgagents.model.job import Job
from pgagents.model.pages import Pages
from pgagents.text.brief import brief


def compare_pages(s: Sides) -> Iterator[Change]:
    """Compare the pages of a list. A caller that follows the old rules may stop early, or never."""
    a, b = s.a.pages, s.b.pages
    if b is None and a is not None:
        yield s.change("breaking", "pages-dropped", "its list is not said to go on any more", "pages")
    elif a is None and b is not None:
        message = f"its list goes on: the next page is requested by `{b.argument}`"
        yield s.change("addition", "pages-added", message, "pages")
    elif b is not None:
        message = f"its list goes on another way: `{b.argument}` is {brief(b.next.wording, 80)}"
        yield s.change("breaking", "pages", message, "pages")


def compare_job(s: Sides) -> Iterator[Change]:
    """Compare the job that a call starts. Callers need to know if the answer is the job's result."""
    a, b = s.a.job, s.b.job
    if b is None:
        yield s.change("may break", "job-dropped", "its answer is the end of it now", "job")
    elif a is None:
        yield s.change("breaking", "job-added", f"it only starts a job now, which {b.read_by} shows", "job")
    elif (
        list_job_parts(a)[:-2] == list_job_parts(b)[:-2]
        and b.within_s <= a.within_s
        and a.reason in (None, b.reason)
    ):
        yield s.change("addition", "job", f"its job ends within {b.within_s:g} s", "job")
    else:
        yield s.change("breaking", "job", "its job ends another way, or later", "job")


def list_job_parts(job: Job | None) -> list[Any]:
    """Return the parts of a job that callers rely on. The last ones are the time and the reason."""
    if job is None:
        return []
    return [
        job.resource,
        job.read_by,
        job.state,
        sorted(job.done),
        sorted(job.failed),
        job.within_s,
        job.reason,
    ]


def list_page_parts(pages: Pages) -> list[Any]:
    """Return the parts of a list's pages that callers rely on."""
    meant = (pages.items, pages.next, pages.more, pages.argument, pages.size, pages.is_url, pages.bound)
    parts = (part.name if isinstance(part, Code) else part for part in meant)
    return list_meaning((*parts, sorted(pages.bound_to)))
