"""Build the documentation site into site/, or the folder that is named: `make site`.

It needs no network, neither to build nor to read or search it from a web server of one's own. The pages are those of
the repository, at the places that they have there, with every file that they link to. A link or an anchor that leads
nowhere fails the build.
"""

import logging
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "docs" / "mkdocs.yml"
INDEX = ROOT / "docs" / "README.md"
LINK = re.compile(r"\[([^]]*)\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def links(page: Path) -> Iterator[tuple[str, Path]]:
    """(text, file) of the links to other files of the repository."""
    for text, target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if not re.match(r"[a-z]+:", target):
            yield text, (page.parent / target).resolve()


def linked() -> set[Path]:
    """The first page, and every file that is reached from it. A broken link is left to the build."""
    found: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page not in found and page.is_file():
            found.add(page)
            ahead += [target for _, target in links(page)] if page.suffix == ".md" else []
    return found


def navigation() -> list[dict[str, object]]:
    """The sections of the index of the documentation, with the pages that each names first."""
    sections: list[dict[str, object]] = [{"Taskmill": "README.md"}, {"Documentation": "docs/README.md"}]
    seen: set[Path] = set()
    for section in re.split(r"^## ", INDEX.read_text(encoding="utf-8"), flags=re.MULTILINE):
        title, _, text = section.partition("\n")
        pages = []
        for name, target in LINK.findall(text):
            page = (INDEX.parent / target).resolve()
            if page.suffix == ".md" and page not in seen:
                seen.add(page)
                pages.append({f"{name[0].upper()}{name[1:]}": page.relative_to(ROOT).as_posix()})
        sections += [{title: pages}] if section != text and pages and not title.startswith("#") else pages
    return sections


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(message)s")  # each broken link
    site = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "site").absolute()
    with tempfile.TemporaryDirectory(prefix="taskmill-site-") as folder:
        source = Path(folder, "source")
        for file in linked():
            copy = source / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        config = load_config(str(CONFIG), docs_dir=str(source), site_dir=str(site), nav=navigation())
        try:
            build(config)
        except Abort as error:
            sys.exit(str(error))
    print(f"built: {site / 'index.html'}")


if __name__ == "__main__":
    main()
