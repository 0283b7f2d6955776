"""The one container with a way out: it passes the published ports in, and nothing but Mistral out."""
