#!/bin/sh
# Install every extra at the tested versions into .venv; `make install` calls this only when something changed.
set -eu
python=$1
needed_gb=10

stop() {
    echo "make install: $1" >&2
    exit 1
}

check_python() {
    command -v "$python" >/dev/null 2>&1 ||
        stop "there is no '$python' here. Install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python3.11 install"
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' ||
        stop "$("$python" --version) does not fit. Name a Python 3.11, 3.12 or 3.13: make PYTHON=python3.11 install"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        stop "'$python' cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"
}

check_space() {
    free_gb=$(df -Pk . | awk 'NR == 2 { print int($4 / 1048576) }')
    [ "$free_gb" -ge "$needed_gb" ] ||
        stop "PyTorch needs about $needed_gb GB of disk and only $free_gb GB are free here. Free some, then repeat."
}

# An installation that was cut off may have left half a package that pip would take for a whole one.
create_environment() {
    check_space
    "$python" -m venv --clear .venv || stop "the virtual environment .venv could not be created; see above."
}

explain_failure() {
    if grep -qi 'no space left' .venv/install.log; then
        stop "the disk is full. PyTorch needs about $needed_gb GB; free some, then repeat."
    elif grep -qiE 'NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|SSLError' .venv/install.log; then
        stop "the package index cannot be reached. Check the network or pip's proxy settings, then repeat."
    fi
    stop "pip could not install the packages; its last lines stand above and everything in .venv/install.log."
}

check_python
if [ -e .venv/.incomplete ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    create_environment
fi
touch .venv/.incomplete
echo "Installing into .venv: the first time this takes two to ten minutes. For the last one or two, while PyTorch is unpacked, nothing is printed."
quiet=$([ -t 1 ] || echo --quiet)
# Ready-made packages only: nothing is compiled, so no compiler is needed.
# shellcheck disable=SC2086
.venv/bin/python -m pip install $quiet --disable-pip-version-check --log .venv/install.log \
    --only-binary :all: -c constraints.txt -e '.[dev]' || explain_failure
rm .venv/.incomplete
touch .venv/.installed
