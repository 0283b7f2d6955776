"""What a service says becomes markup in which it stays text."""

from ui.markup import to_paragraphs


def test_empty_lines_part_paragraphs():
    assert to_paragraphs("One.\n\nTwo.\n\n\n") == "<p>One.</p><p>Two.</p>"


def test_lines_with_a_dash_become_a_list_that_a_screen_reader_counts():
    text = "People to see:\n- Family doctor\n- Pathologist\nAsk them.\n\nNext."
    assert to_paragraphs(text) == (
        "<p>People to see:</p><ul><li>Family doctor</li><li>Pathologist</li></ul><p>Ask them.</p><p>Next.</p>"
    )


def test_what_looks_like_markup_stays_text():
    assert to_paragraphs("- <b>bold</b>\n\n<script>") == (
        "<ul><li>&lt;b&gt;bold&lt;/b&gt;</li></ul><p>&lt;script&gt;</p>"
    )
