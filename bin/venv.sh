# Sourced by bin/demo and bin/test: makes .venv hold what the file named in $requirements pins.
# A stamp makes the next start instant. Nothing outside .venv is touched. The Python is the first
# python3 on the PATH, or the one that $PYTHON names.

# A machine may forbid Python to write byte code; here dozens of processes would compile the same
# files, each for itself.
unset PYTHONDONTWRITEBYTECODE

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for python in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            return
        fi
    done
    found=$(python3 --version 2>/dev/null || echo "no python3")
    say "BPS needs Python 3.11 or newer, and found $found. Install it and start again."
    exit 1
}

make_venv() {
    say "Making .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv && return
    rm -rf .venv
    say "Python could not make .venv. On Debian and Ubuntu: apt install python3-venv"
    exit 1
}

if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    find_python
    make_venv
fi
stamp=".venv/installed-$requirements"
pinned=$(cksum <"$requirements")
if [ "$(cat "$stamp" 2>/dev/null)" != "$pinned" ]; then
    say "Installing $(grep -c '==' "$requirements") packages into .venv: a minute or two, once."
    if ! .venv/bin/python -m pip install --disable-pip-version-check --require-hashes \
        --requirement "$requirements"; then
        say "The packages could not be installed; the lines above say why. Nothing was started."
        exit 1
    fi
    printf '%s' "$pinned" >"$stamp"
fi
