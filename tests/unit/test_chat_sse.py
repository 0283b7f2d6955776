"""Server-sent events of the upstream, cut anywhere."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_service.sse import EventReader


def read(*pieces):
    reader = EventReader()
    return [data for piece in pieces for data in reader.feed(piece)] + list(reader.close())


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
def test_lines_may_end_in_any_way(end):
    assert read(b"data: a" + end + end + b"data: b" + end + end) == ["a", "b"]


def test_comments_names_and_a_byte_order_mark_are_passed_over():
    assert read(b"\xef\xbb\xbf: hello\n\nevent: x\nid: 1\ndata: a\n\n\n\n") == ["a"]


def test_data_over_several_lines_is_joined():
    assert read(b"data: a\ndata:b\n\n") == ["a\nb"]


def test_a_last_event_without_a_blank_line_counts():
    assert read(b"data: a\n\ndata: [DONE]") == ["a", "[DONE]"]


def test_bytes_that_are_no_text_do_not_stop_it():
    assert read(b"data: \xff\n\n") == ["\ufffd"]


@given(st.lists(st.integers(0, 60), max_size=8))
def test_where_a_stream_is_cut_changes_nothing(cuts):
    whole = b'\xef\xbb\xbfdata: {"a": "\xc3\xa9"}\r\n\r\n: note\r\rdata: 1\ndata: 2\n\ndata: [DONE]\n\n'
    places = sorted({0, len(whole), *cuts})
    pieces = [whole[start:end] for start, end in pairwise(places)]
    assert read(*pieces) == ['{"a": "é"}', "1\n2", "[DONE]"]
