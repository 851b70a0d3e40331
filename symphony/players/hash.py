"""Players that take digests."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from symphony.define.player import operator
from symphony.players.reading.glob import EVERYTHING
from symphony.players.reading.walk import walk

Algorithm = Literal["sha256", "sha512", "sha1", "md5", "blake2b"]


@operator(version="1.0.0", tags=("hash", "digest", "checksum"))
def text(text: str, algorithm: Algorithm = "sha256") -> str:
    """Take the digest of text in UTF-8, as hexadecimal digits.

    Args:
        text: what to digest.
        algorithm: sha256, sha512, sha1, md5 or blake2b.

    Example:
        ```yaml
        digest:
          player: hash.text
          with: {text: "hello"}
        ```
    """
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


@operator(version="1.0.0", tags=("hash", "digest", "checksum", "files"))
def file(file: Path, algorithm: Algorithm = "sha256") -> str:
    """Take the digest of a file's bytes, as hexadecimal digits.

    Args:
        file: the file.
        algorithm: sha256, sha512, sha1, md5 or blake2b.

    Example:
        ```yaml
        digest:
          player: hash.file
          with: {file: dist/app.whl}
        ```
    """
    return _digest(file, algorithm)


@operator(version="1.0.0", tags=("hash", "digest", "checksum", "folder"))
def folder(folder: Path, algorithm: Algorithm = "sha256") -> str:
    """Take one digest of all files below a folder: of their names and their bytes.

    Args:
        folder: the folder.
        algorithm: sha256, sha512, sha1, md5 or blake2b.

    Example:
        ```yaml
        digest:
          player: hash.folder
          with: {folder: site}
        ```
    """
    whole = hashlib.new(algorithm, usedforsecurity=False)
    for found in walk(folder, EVERYTHING, hidden=True):
        whole.update(f"{_digest(found.path, algorithm)}  {found.relative}\n".encode())
    return whole.hexdigest()


@operator(version="1.0.0", tags=("hash", "checksum", "verify"))
def verify(file: Path, digest: str, algorithm: Algorithm = "sha256") -> Path:
    """Check a file against a known digest, and give the file on when it is the same.

    Args:
        file: the file.
        digest: the digest it must have, as hexadecimal digits.
        algorithm: sha256, sha512, sha1, md5 or blake2b.

    Raises:
        ValueError: the digest differs; names both.

    Example:
        ```yaml
        checked:
          player: hash.verify
          with:
            file: dist/app.whl
            digest: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
        ```
    """
    found = _digest(file, algorithm)
    if found != digest.strip().lower():
        raise ValueError(
            f"{file.name} has the {algorithm} digest {found}, not {digest.strip().lower()}: it is another file"
        )
    return file


def _digest(file: Path, algorithm: str) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
