"""Names of files, as paths below the configured roots."""

from pathlib import Path, PurePath
from typing import NamedTuple

from taskmill.catalogue import settings
from taskmill.catalogue.refusal import Refusal

UPLOAD = {"x-upload": True}
"""In a schema: the name of a file, so a face may take the file itself and put here where it is."""


class RootedPath(NamedTuple):
    """A path below a root, taken apart; what is there is only known once it is opened."""

    root: Path
    parts: tuple[str, ...]

    @property
    def name(self) -> str:
        """The path below the root."""
        return "/".join(self.parts)

    @property
    def file(self) -> str:
        return self.parts[-1]

    @property
    def path(self) -> Path:
        return self.root.joinpath(*self.parts)

    def sibling(self, file: str) -> "RootedPath":
        """Another file of the same folder."""
        return self._replace(parts=(*self.parts[:-1], file))


def locate(name: str) -> RootedPath:
    """Relative names begin at the first root. Raises Refusal for a name that leads out."""
    path = PurePath(name)
    if ".." in path.parts:
        raise Refusal(f"'{name}' has a '..' in it; name the file from its root on, like folder/file.txt")
    roots = settings.current().roots
    if not path.is_absolute():
        return _below(roots[0], path, name)
    for root in roots:
        for start in (root, root.absolute(), root.resolve()):
            if path.is_relative_to(start):
                return _below(root, path.relative_to(start), name)
    raise Refusal(f"'{name}' is not below {shown(*roots)}; name a file there, or add its folder to file_roots")


def target(name: str, source: RootedPath) -> RootedPath:
    """Where a file is to be made from another one. Raises Refusal for a name that leads out, and for that other one."""
    rooted = locate(name)
    if rooted == source:
        raise Refusal(f"'{name}' would take the place of the file it is made from; choose another name")
    return rooted


def shown(*roots: Path) -> str:
    return " or ".join(f"{root}/" for root in roots)


def _below(root: Path, path: PurePath, name: str) -> RootedPath:
    if not path.parts:
        raise Refusal(f"'{name}' names no file; write one like folder/file.txt")
    return RootedPath(root, path.parts)
