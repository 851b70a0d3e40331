"""Reads a page the way a browser would: which tags, which attributes, whether anything of a stranger could act."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
OPTIONAL_END = frozenset({"p", "li"})


class Page(HTMLParser):
    """The tags of a page in order, its text, and whether tags are closed in the order in which they were opened."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.crooked: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        self.crooked += [f"<{tag}> is left open" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.crooked.append(f"</{tag}> closes {self._open[-1:]}")

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in ("script", "style"):
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element with this name."""
        return [attributes for name, attributes in self.tags if name == tag]

    def dangers(self) -> list[str]:
        """Everything that could run or fetch: handlers, addresses, elements that load."""
        found = [
            f"<{t}>"
            for t, _ in self.tags
            if t in ("iframe", "object", "embed", "link", "base", "form", "foreignobject", "video", "audio")
        ]
        for tag, attributes in self.tags:
            for name, value in attributes.items():
                address = (value or "").strip().lower()
                if name.startswith("on"):
                    found.append(f"{tag} {name}")
                if name in ("href", "src", "xlink:href", "action", "srcset", "data") and not address.startswith(
                    ("#", "data:image/", "https:", "http:", "mailto:")
                ):
                    found.append(f"{tag} {name}={value}")
                if name == "src" and not address.startswith("data:image/"):
                    found.append(f"{tag} fetches {value}")
        return found


def check_stands_alone(source: str) -> Page:
    """Check that a page is well formed, fetches nothing, and runs no script but its own one."""
    page = Page(source)
    assert page.crooked == []
    assert page.dangers() == []
    assert len(page.named("script")) <= 1
    assert "@import" not in source
    assert "url(" not in source
    return page
