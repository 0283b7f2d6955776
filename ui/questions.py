"""Questions about a reading, and their answers while they are written."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from contract import ChatMessage, ChatRequest
from contract.explanation import Audience
from ui.catalogue import Words
from ui.client import Client
from ui.errors import ServiceFailed
from ui.markup import to_details, to_paragraphs
from ui.notices import show_failure
from ui.sections import write_sources
from ui.visit import MOST_TURNS, Reading, Turn
from ui.words import word_engine

LONGEST = 2000
"""Characters of a question."""


@st.fragment
def show_questions(client: Client, reading: Reading, audience: Audience, words: Words) -> None:
    """Show questions and answers, and take a new question; only this part runs again for it."""
    st.html(
        f'<h2 class="bt-title">{escape(words("questions"))}</h2>'
        f'<p class="bt-quiet">{escape(words("questions.note"))}</p>'
    )
    for turn in reading.turns:
        st.html(write_turn(turn, words))
    place = st.container()
    asked = st.chat_input(words("questions.place"), max_chars=LONGEST, key=f"question-{reading.number}")
    if asked and asked.strip():
        reading.question = asked.strip()
    if reading.question is not None:
        with place:
            _answer(client, reading, audience, words)


def _answer(client: Client, reading: Reading, audience: Audience, words: Words) -> None:
    """Have the open question answered; it stays open where there is no answer."""
    assert reading.prediction is not None  # noqa: S101 - narrows the type
    assert reading.question is not None  # noqa: S101 - narrows the type
    st.html(_write_question(reading.question, words))
    draft = st.empty()
    request = ChatRequest(
        prediction=reading.prediction,
        messages=list_messages(reading.turns, reading.question),
        audience=audience,
        language=words.language,
    )

    def show(text: str) -> None:
        draft.html(f'<div class="bt-answer">{to_paragraphs(text)}</div>')

    try:
        with st.spinner(words("questions.busy")):
            reply = client.reply(request, reading.request_id, show)
    except ServiceFailed as failure:
        draft.empty()
        if show_failure(failure, client, words, "question"):
            st.rerun(scope="fragment")
        return
    turn = Turn(reading.question, reply)
    reading.turns = [*reading.turns, turn][-MOST_TURNS:]
    reading.question = None
    draft.html(write_answer(turn, words, is_new=True))


def list_messages(turns: Sequence[Turn], question: str) -> list[ChatMessage]:
    """Return the conversation so far, and the question that is asked now."""
    messages = []
    for turn in turns:
        messages.append(ChatMessage(role="user", content=turn.question))
        if turn.reply.reply:
            messages.append(ChatMessage(role="assistant", content=turn.reply.reply))
    return [*messages, ChatMessage(role="user", content=question)]


def write_turn(turn: Turn, words: Words) -> str:
    """A question and its answer."""
    return _write_question(turn.question, words) + write_answer(turn, words)


def _write_question(question: str, words: Words) -> str:
    return (
        f'<div class="bt-question"><h3>{escape(words("questions.you"))}</h3>{to_paragraphs(question)}</div>'
    )


def write_answer(turn: Turn, words: Words, *, is_new: bool = False) -> str:
    """An answer with its sources; screen readers read out a new one."""
    reply = turn.reply
    role = ' role="status"' if is_new else ""
    sources = ""
    if reply.sources:
        title = words("sources", count=len(reply.sources))
        sources = to_details(title, write_sources(reply.sources, words))
    return (
        f'<div class="bt-answer"><div{role}><h3>{escape(words("questions.answer"))}</h3>'
        f"{to_paragraphs(reply.reply)}</div>{sources}"
        f'<p class="bt-engine">{escape(word_engine(reply.engine, words))}</p></div>'
    )
