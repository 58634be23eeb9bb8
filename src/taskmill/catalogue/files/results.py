"""What an operation on a file gives."""

from msgspec import Struct


class FileResult(Struct, tag_field="kind"):
    pass


class Counted(FileResult, tag="count"):
    filename: str
    bytes: int
    encoding: str
    """`ascii`, `utf-8`, `utf-8-sig`, `utf-16`, `utf-32`, `unknown-8bit`, or `binary`: no text."""
    lines: int | None
    """None: it is no text. A last line without an end counts."""
    words: int | None


class Checked(FileResult, tag="checksum"):
    filename: str
    bytes: int
    algorithm: str
    checksum: str
    """Hexadecimal."""


class Inspected(FileResult, tag="inspect"):
    filename: str
    bytes: int
    algorithm: str
    checksum: str
    encoding: str
    lines: int | None
    words: int | None


class MadeFile(Struct):
    filename: str
    """Below its root."""
    bytes: int


class Wrote(FileResult, tag="files"):
    operation: str
    filename: str
    """What it was made from."""
    bytes: int
    made: list[MadeFile]
    """Of a zip, the first 1,000."""


class Drew(FileResult, tag="image"):
    filename: str
    output: str
    format: str
    width: int
    height: int
    bytes: int
    notes: list[str] = []
    """What the new image does not have of the old one."""


Results = Counted | Checked | Inspected | Wrote | Drew
