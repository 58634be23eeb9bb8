"""What can be done with a file: the parameters of each operation, as people and forms see them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

MOST_PARTS = 200
LONGEST_SIDE = 20_000
GIB = 2**30

Name = Annotated[str, Meta(min_length=1, max_length=1000)]
Algorithm = Literal["sha256", "sha512", "sha3_256", "blake2b", "sha1", "md5"]
Packing = Literal["gzip", "bz2", "xz", "zip"]
ImageFormat = Literal["png", "jpeg", "webp"]

Output = Annotated[
    Name | None,
    Meta(
        title="Output",
        description="The file to make, below a root, in a folder that exists; one of that name is replaced. Unset: "
        "beside the original, named after it.",
        examples=[None],
    ),
]
Digest = Annotated[Algorithm, Meta(title="Algorithm", description="How the checksum is computed.", examples=["sha256"])]
Quality = Annotated[
    int,
    Meta(title="Quality", description="Of a JPEG or WebP, in percent.", examples=[85], ge=1, le=100),
]


class Operation(Struct, tag_field="kind", forbid_unknown_fields=True):
    pass


class Inspect(Operation, tag="inspect"):
    """Checksum and counts, in one reading."""

    algorithm: Digest = "sha256"


class Checksum(Operation, tag="checksum"):
    """A checksum of the content."""

    algorithm: Digest = "sha256"


class Count(Operation, tag="count"):
    """Lines, words, bytes and the encoding."""


class Compress(Operation, tag="compress"):
    """Compress the file into a new one."""

    format: Annotated[Packing, Meta(title="Format", description="How to compress.", examples=["gzip"])] = "gzip"
    output: Output = None


class Decompress(Operation, tag="decompress"):
    """Decompress a gzip, bz2, xz or zip file; which it is, its content tells. Several files of a zip make a folder."""

    member: Annotated[
        Name | None,
        Meta(title="Member", description="The one file of a zip that is wanted; unset: all.", examples=["notes.txt"]),
    ] = None
    limit: Annotated[
        int,
        Meta(
            title="Limit",
            description="Bytes it may unpack to in all, at most 1 TiB.",
            examples=[GIB],
            ge=1,
            le=1024 * GIB,
        ),
    ] = GIB
    output: Output = None


class Split(Operation, tag="split"):
    """Cut the file into parts named file.001, file.002, and so on; at most 200."""

    every: Annotated[
        int, Meta(title="Every", description="Size of a part, in bytes or lines.", examples=[1_000_000], ge=1)
    ]
    unit: Annotated[
        Literal["bytes", "lines"], Meta(title="Unit", description="What is counted.", examples=["bytes"])
    ] = "bytes"


class Merge(Operation, tag="merge"):
    """Write the file and then others, one after the other, into a new one."""

    others: Annotated[
        list[Name],
        Meta(
            title="Others",
            description="What follows the file, in this order.",
            examples=[["notes.txt.002"]],
            min_length=1,
            max_length=MOST_PARTS,
        ),
    ]
    output: Annotated[
        Name,
        Meta(title="Output", description="The file to make; one of that name is replaced.", examples=["notes.txt"]),
    ]


class Resize(Operation, tag="resize"):
    """Make an image smaller or larger; its proportions stay, so that it fits into the width and height."""

    width: Annotated[int, Meta(title="Width", description="In pixels.", examples=[800], ge=1, le=LONGEST_SIDE)]
    height: Annotated[
        Annotated[int, Meta(ge=1, le=LONGEST_SIDE)] | None,
        Meta(title="Height", description="In pixels; unset: whatever fits the width.", examples=[600]),
    ] = None
    quality: Quality = 85
    output: Output = None


class Convert(Operation, tag="convert"):
    """Write an image (PNG, JPEG, WebP, GIF, BMP, TIFF) in another format."""

    format: Annotated[ImageFormat, Meta(title="Format", description="Of the new image.", examples=["webp"])]
    quality: Quality = 85
    output: Output = None


Operations = Inspect | Checksum | Count | Compress | Decompress | Split | Merge | Resize | Convert
