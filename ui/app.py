"""The page. Start it with `streamlit run ui/app.py`."""

import streamlit as st

from ui.catalogue import Words, suit_locale, words_of
from ui.choosing import choose_pictures, choose_reading, read_pictures, show_table
from ui.client import Client
from ui.explaining import choose_audience, show_explanation
from ui.frame import HERE, show_frame
from ui.heat import show_pictures
from ui.keeping import offer_downloads
from ui.model_card import show_model
from ui.notices import show_failure, watch_services
from ui.questions import show_questions
from ui.reading import write_about, write_decision, write_remarks, write_scale
from ui.settings import Settings
from ui.visit import Reading, current_visit, forget_visit


@st.cache_resource(max_entries=4, hash_funcs={Settings: Settings.model_dump_json})
def connect(settings: Settings) -> Client:
    """Return the client that all sessions share."""
    return Client(settings)


def main() -> None:
    """Draw the page from top to bottom."""
    words = words_of(st.session_state.get("language") or suit_locale(st.context.locale))
    st.set_page_config(page_title=words("title"), page_icon=str(HERE / "icon.svg"))
    settings = Settings()
    client = connect(settings)
    show_frame(words)
    visit = current_visit()
    fresh = visit.take_in(choose_pictures(settings.sample, words))
    visit.drop_unread()
    failure = read_pictures(client, visit, words)
    if failure is not None and show_failure(failure, client, words, "inference"):
        st.rerun()
    if len(visit.readings) > 1:
        show_table(client, visit, words)
    reading = choose_reading(visit, fresh, words)
    if reading is not None:
        show_reading(client, reading, words)
    elif failure is None:
        watch_services(client, words)
    show_model(client, settings, words)
    if visit.readings and st.button(words("visit.forget"), on_click=forget_visit, key="forget"):
        st.rerun()


def show_reading(client: Client, reading: Reading, words: Words) -> None:
    """Show all that is known about one picture, the decision first."""
    if reading.failure is not None and show_failure(reading.failure, client, words, "picture"):
        reading.failure = None
        st.rerun()
    if reading.prediction is None:
        return
    st.html(write_decision(reading.prediction, words) + write_scale(reading.prediction, words))
    if reading.prediction.quality.issues:
        st.html(write_remarks(reading.prediction, words))
    show_pictures(client, reading, words)
    st.html(write_about(reading.prediction, words))
    audience = choose_audience(words)
    explanation = show_explanation(client, reading, audience, words)
    if explanation is None:
        return
    show_questions(client, reading, audience, words)
    offer_downloads(reading, explanation, words)


if __name__ == "__main__":
    main()
