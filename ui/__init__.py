"""The Streamlit page: a client of both services over HTTP, like any other."""
