"""Static files under addresses that name their content, and answers made small for the way."""

import gzip
import hashlib
import os
import struct
import time
import zlib
from functools import lru_cache
from typing import Final

import flask
from markupsafe import Markup

from lms.web.fragments import Packed

SMALLEST: Final = 1024
"""Bytes below which packing saves nothing."""
_PACKED: Final = frozenset(
    {"text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml"}
)
# Pages are packed at every request: quick rather than small. Files once: small.
_QUICK: Final = 1
_SMALL: Final = 9
# 2 to the power of this: how far back a page is searched for the same words, and how much is put
# aside for it. The usual 15 and 8 take 40 % more time for a page, most of it to clear that memory.
_WINDOW: Final = 13
_ASIDE: Final = 7
_GZIP: Final = 16


@lru_cache(maxsize=256)
def _stamp(path: str, _changed: int) -> str:
    with open(path, "rb") as file:  # noqa: PTH123 - asked for several times on every page
        return hashlib.sha256(file.read()).hexdigest()[:10]


def _stamp_of(name: str) -> str:
    path = f"{flask.current_app.static_folder}/{name}"
    return _stamp(path, os.stat(path).st_mtime_ns)  # noqa: PTH116 - as above


# Every page has some, so that a file is looked at again after a while only.
_LOOK_AGAIN_SECONDS: Final = 1.0
_addresses: dict[str, tuple[float, str]] = {}


def asset(name: str) -> str:
    """Return the address of a static file with its content's stamp, so it may be kept for long.

    A file that changes under a running server has its new address a second later.
    """
    now = time.monotonic()
    until, address = _addresses.get(name, (0.0, ""))
    if now >= until:
        address = f"/static/{name}?v={_stamp_of(name)}"
        _addresses[name] = (now + _LOOK_AGAIN_SECONDS, address)
    return address


def _is_stamped() -> bool:
    """Say whether the address carries the stamp of what the file holds now.

    During an upgrade a new page may ask an old process; its answer must not be kept for a year.
    """
    name = (flask.request.view_args or {}).get("filename", "")
    return flask.request.args.get("v") == _stamp_of(name)


@lru_cache(maxsize=128)
def _packed_file(_stamp: str, data: bytes) -> bytes:
    return gzip.compress(data, _SMALL, mtime=0)


def keep(response: flask.Response) -> None:
    """Let browsers keep a static file for a year when its address names this content."""
    if response.status_code in {200, 206, 304} and _is_stamped():
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"


PART: Final = Markup("\x00part\x00")
"""What a template writes where a part belongs that goes over the wire as it was packed."""
_HEAD: Final = gzip.compress(b"", mtime=0)[:10]


class Around(flask.Response):
    """A page around one large part that was packed before."""

    def __init__(self, drawn: str, part: Packed) -> None:
        before, mark, after = drawn.partition(PART)
        if not mark:
            raise ValueError("the page has no place for the part")
        self.pieces = (before.encode(), part, after.encode())
        super().__init__(
            [self.pieces[0], part.text, self.pieces[2]], content_type="text/html; charset=utf-8"
        )

    def packed(self) -> bytes:
        """Return the page as gzip (RFC 1952), of which only what stands around is packed now."""
        before, part, after = self.pieces
        packer = zlib.compressobj(_QUICK, zlib.DEFLATED, -_WINDOW, _ASIDE)
        # After the flush the packer looks back at nothing before it, so the part may stand there.
        head = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
        tail = packer.compress(after) + packer.flush()
        check = zlib.crc32(after, zlib.crc32(part.text, zlib.crc32(before)))
        size = (len(before) + len(part.text) + len(after)) & 0xFFFFFFFF
        return b"".join((_HEAD, head, part.packed, tail, struct.pack("<LL", check, size)))


def pack(response: flask.Response, request: flask.Request) -> flask.Response:
    """Pack a page, style sheet, script or drawing for a browser that takes it so.

    What is streamed, a part of a file, or packed already goes as it is. The token against forged
    requests in a page is signed anew every half minute, and cookies are not sent by other sites'
    pages, so that the size of a packed page tells nobody anything.
    """
    if response.mimetype not in _PACKED or response.status_code not in {200, 404, 422}:
        return response
    response.headers.add("Vary", "Accept-Encoding")
    if "gzip" not in request.environ.get("HTTP_ACCEPT_ENCODING", "").lower():
        return response
    is_file = request.endpoint == "static"
    if "Content-Encoding" in response.headers or (response.is_streamed and not is_file):
        return response
    if isinstance(response, Around):
        response.set_data(response.packed())
        response.headers["Content-Encoding"] = "gzip"
        return response
    response.direct_passthrough = False
    data = response.get_data()
    if len(data) < SMALLEST:
        return response
    if is_file:
        packed = _packed_file(hashlib.sha256(data).hexdigest(), data)
        response.headers.pop("Accept-Ranges", None)
        # Another body needs another tag.
        etag, _weak = response.get_etag()
        if etag:
            response.set_etag(f"{etag}-gzip")
    else:
        packer = zlib.compressobj(_QUICK, zlib.DEFLATED, _GZIP + _WINDOW, _ASIDE)
        packed = packer.compress(data) + packer.flush()
    response.set_data(packed)
    response.headers["Content-Encoding"] = "gzip"
    return response
