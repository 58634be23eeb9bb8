"""`file_processing`: what can be done with one file below the configured roots."""

from typing import Annotated

from msgspec import Meta

from taskmill.catalogue.base import app
from taskmill.catalogue.files.operations import (
    Checksum,
    Compress,
    Convert,
    Count,
    Decompress,
    Inspect,
    Merge,
    Name,
    Operations,
    Resize,
    Split,
)
from taskmill.catalogue.files.paths import UPLOAD
from taskmill.catalogue.files.results import Results
from taskmill.catalogue.refusal import NO_SECOND_TRY
from taskmill.executors.contract import Context

HOUR = 3600

Filename = Annotated[
    Name,
    Meta(
        title="File name",
        description="A file below a root (setting file_roots), named from the root on.",
        examples=["your_file.txt"],
        extra_json_schema=UPLOAD,
    ),
]
Asked = Annotated[
    Operations,
    Meta(
        title="Operation",
        description="What to do with it; unless it says otherwise: checksum and counts.",
        examples=[{"kind": "inspect"}],
    ),
]


@app.task(queue="files", executor="processes", timeout=HOUR, retry=NO_SECOND_TRY)
def file_processing(ctx: Context, filename: Filename, operation: Asked = Inspect()) -> Results:  # noqa: B008
    """Checksum, count, compress, decompress, split or merge a file; resize or convert an image.

    What is made gets its name only once it is whole.
    """
    return _perform(ctx, filename, operation)


def _perform(ctx: Context, filename: str, operation: Operations) -> Results:
    from taskmill.catalogue.files import compress, decompress, images, measure, split_and_merge

    match operation:
        case Inspect(algorithm):
            return measure.inspect(ctx, filename, algorithm)
        case Checksum(algorithm):
            return measure.checksum(ctx, filename, algorithm)
        case Count():
            return measure.count(ctx, filename)
        case Compress():
            return compress.compress(ctx, filename, operation)
        case Decompress():
            return decompress.decompress(ctx, filename, operation)
        case Split():
            return split_and_merge.split(ctx, filename, operation)
        case Merge():
            return split_and_merge.merge(ctx, filename, operation)
        case Resize():
            return images.resize(ctx, filename, operation)
        case Convert():
            return images.convert(ctx, filename, operation)
