"""Links between the pages of the documentation lead somewhere."""

import re
from pathlib import Path

from tests.architecture.tree import ROOT, kept, named

LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PAGES = kept("*.md")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, made as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    path = (page.parent / target).resolve() if target else page
    return not path.exists() or (bool(anchor) and anchor not in anchors(path))


def test_links_lead_somewhere() -> None:
    links = [
        (page, link)
        for page in PAGES
        for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
        if not re.match(r"[a-z]+:", link)
    ]
    assert len(links) > 100
    assert [f"{named(page)}: {link}" for page, link in links if broken(page, link)] == []


def test_every_page_of_the_docs_is_linked_from_somewhere() -> None:
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in LINK.findall(page.read_text(encoding="utf-8"))
    }
    assert [named(page) for page in PAGES if page.is_relative_to(ROOT / "docs") and page not in linked] == []
