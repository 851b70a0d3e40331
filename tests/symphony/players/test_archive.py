"""Players that pack and unpack archives, of friends and of strangers."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from symphony.players import archive


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "sub").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>hi</h1>")
    (folder / "sub" / "run.sh").write_text("echo")
    (folder / "sub" / "run.sh").chmod(0o755)
    return folder


@pytest.mark.parametrize("pack", [archive.zip, archive.tar], ids=["zip", "tar"])
def test_packed_folder_comes_back(site: Path, ctx: Any, pack: Any) -> None:
    packed = pack([site], ctx)

    assert [(r["name"], r["bytes"], r["problem"]) for r in archive.entries(packed)] == [
        ("site/index.html", 11, ""),
        ("site/sub/run.sh", 4, ""),
    ]
    folder = archive.extract(packed, ctx)
    assert (folder / "site" / "index.html").read_text() == "<h1>hi</h1>"
    assert os.access(folder / "site" / "sub" / "run.sh", os.X_OK)
    assert not os.access(folder / "site" / "index.html", os.X_OK)


@pytest.mark.parametrize("pack", [archive.zip, archive.tar], ids=["zip", "tar"])
def test_same_files_give_the_same_bytes(site: Path, ctx: Any, pack: Any) -> None:
    first = pack([site], ctx, name="a").read_bytes()
    os.utime(site / "index.html", (1, 1))

    assert pack([site], ctx, name="b").read_bytes() == first


def test_two_files_of_one_name_are_refused(site: Path, ctx: Any, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("other")

    with pytest.raises(ValueError, match=r"two files would be named 'index\.html'"):
        archive.zip([site / "index.html", tmp_path / "index.html"], ctx)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        archive.tar([tmp_path / "nowhere"], ctx, name="t")


def zip_with(path: Path, entries: dict[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            out.writestr(info, data)
    return path


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil", "leads out"),
        ("/etc/evil", "root of the disk"),
        ("a/../../evil", "leads out"),
        ("C:\\evil", "root"),
        ("..\\evil", "leads out"),
    ],
)
def test_zip_that_leads_out_is_refused(tmp_path: Path, ctx: Any, name: str, reason: str) -> None:
    evil = zip_with(tmp_path / "evil.zip", {name: b"x"})

    with pytest.raises(ValueError, match=reason):
        archive.extract(evil, ctx)
    assert archive.entries(evil)[0]["problem"]
    assert not (tmp_path / "evil").exists()


def test_links_of_an_archive_are_refused(tmp_path: Path, ctx: Any) -> None:
    with pytest.raises(ValueError, match="is a link"):
        archive.extract(zip_with(tmp_path / "l.zip", {"l": b"/etc/passwd"}, mode=0o120777), ctx)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "is a link"),
        (tarfile.LNKTYPE, "is a link"),
        (tarfile.FIFOTYPE, "device or pipe"),
        (tarfile.CHRTYPE, "device or pipe"),
    ],
)
def test_special_entries_of_a_tar_are_refused(tmp_path: Path, ctx: Any, kind: bytes, reason: str) -> None:
    with tarfile.open(tmp_path / "evil.tar", "w") as out:
        info = tarfile.TarInfo("x")
        info.type, info.linkname = kind, "/etc/passwd"
        out.addfile(info)

    with pytest.raises(ValueError, match=reason):
        archive.extract(tmp_path / "evil.tar", ctx)


def test_bomb_is_stopped_while_unpacking(tmp_path: Path, ctx: Any) -> None:
    bomb = zip_with(tmp_path / "bomb.zip", {"zeros": b"\0" * 3_000_000})

    with pytest.raises(ValueError, match="more than 1000000 bytes"):
        archive.extract(bomb, ctx, max_bytes=1_000_000)
    assert (ctx.workdir / "files" / "zeros").stat().st_size <= 1_000_000


def test_too_many_entries_and_double_names_are_refused(tmp_path: Path, ctx: Any) -> None:
    many = zip_with(tmp_path / "many.zip", {str(i): b"" for i in range(20)})
    with pytest.raises(ValueError, match="more than 10 entries"):
        archive.extract(many, ctx, max_files=10)

    with tarfile.open(tmp_path / "double.tar.xz", "w:xz") as out:
        for _ in range(2):
            info = tarfile.TarInfo("same")
            info.size = 1
            out.addfile(info, io.BytesIO(b"x"))
    ctx.workdir = tmp_path / "second"
    ctx.workdir.mkdir()
    with pytest.raises(ValueError, match="'same' twice"):
        archive.extract(tmp_path / "double.tar.xz", ctx)


@pytest.mark.parametrize("share", [0, 0.1, 0.5], ids=["empty", "start", "middle"])
def test_damaged_archive_is_named(site: Path, tmp_path: Path, ctx: Any, share: float) -> None:
    damaged = tmp_path / "d.tar.gz"
    whole = archive.tar([site], ctx).read_bytes()
    damaged.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(ValueError, match=r"d\.tar\.gz"):
        archive.extract(damaged, ctx)
