"""Identities: ids for records that came without one, and the hash that tells a resend from a change."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from hashlib import blake2b
from itertools import count
from threading import Lock

_COUNTER_BITS = 18


def digest(closed: bytes, open_texts: Iterable[str | None]) -> bytes:
    """128 bits of a record's closed part and its open texts, in a fixed order; None is not the empty text.

    The separators 0xff and 0xfe never occur in UTF-8, so no two records share their input.
    """
    parts = [closed]
    parts += [b"\xfe" if text is None else text.encode() for text in open_texts]
    return blake2b(b"\xff".join(parts), digest_size=16).digest()


def id_of_content(sent_hash: bytes, occurrence: int) -> str:
    """The id of the `occurrence`-th equal record without an id: always the same, so that importing again adds nothing."""
    seed = blake2b(sent_hash + occurrence.to_bytes(8, "big"), digest_size=16).digest()
    return _dashed(int.from_bytes(seed, "big"), version=8)


def by_content(seen: dict[bytes, int]) -> Callable[[bytes], str]:
    """Names records by `id_of_content`; `seen` counts the equal ones, and goes on counting where it is passed again."""

    def name(sent_hash: bytes) -> str:
        occurrence = seen[sent_hash] = seen.get(sent_hash, 0) + 1
        return id_of_content(sent_hash, occurrence)

    return name


def by_request(key: str) -> Callable[[bytes], str]:
    """Names the records of one request by its key, their content and how many without an id came before them.

    The same records under the same key therefore get the same ids, and other records under the same key never do.
    """
    seed = blake2b(key.encode(), digest_size=16).digest()
    numbers = count()

    def name(sent_hash: bytes) -> str:
        text = seed + sent_hash + next(numbers).to_bytes(8, "big")
        return _dashed(int.from_bytes(blake2b(text, digest_size=16).digest(), "big"), version=8)

    return name


def fresh(sent_hash: bytes) -> str:
    """A new UUIDv7, whatever was sent."""
    del sent_hash
    return uuid7()


def uuid7_text(milliseconds: int, order: int, random: bytes) -> str:
    """A UUIDv7 (RFC 9562) of an instant, 18 bits that say the order within it, and 7 random bytes."""
    instant, tail = f"{milliseconds:012x}", random.hex()
    return f"{instant[:8]}-{instant[8:]}-7{order >> 6:03x}-{0x80 | order & 0x3F:x}{tail[:2]}-{tail[2:]}"


def _dashed(bits: int, version: int) -> str:
    bits = bits & ~(0xF << 76) & ~(0x3 << 62) | version << 76 | 0x2 << 62
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _make_uuid7() -> Callable[[], str]:
    lock = Lock()
    last_ms = 0
    counter = 0

    def uuid7() -> str:
        """A new UUIDv7; increasing within the process, also inside one millisecond."""
        nonlocal last_ms, counter
        random = os.urandom(9)
        with lock:
            now = time.time_ns() // 1_000_000
            if now > last_ms:
                last_ms, counter = now, int.from_bytes(random[:2], "big")
            else:
                counter += 1
                if counter >> _COUNTER_BITS:
                    last_ms, counter = last_ms + 1, 0
            ms, count = last_ms, counter
        return uuid7_text(ms, count, random[2:])

    def begin_anew() -> None:
        nonlocal lock
        lock = Lock()  # the thread that held it is not in the child

    os.register_at_fork(after_in_child=begin_anew)
    return uuid7


uuid7 = _make_uuid7()
