"""Text inside XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from symphony.compiler.xml_text import xml_attribute, xml_text


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"])))
def test_text_and_attributes_come_back_as_they_were(text: str) -> None:
    element = ET.fromstring(f'<a b="{xml_attribute(text)}">{xml_text(text)}</a>')

    assert (element.text or "", element.get("b")) == (text, text)


@given(st.text())
def test_any_text_gives_well_formed_xml(text: str) -> None:
    ET.fromstring(f'<a b="{xml_attribute(text)}">{xml_text(text)}</a>'.encode())


def test_line_ends_of_attributes_survive() -> None:
    text = "x\r\n\ty"

    assert ET.fromstring(f'<a b="{xml_attribute(text)}"/>').get("b") == text
