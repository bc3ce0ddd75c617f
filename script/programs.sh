# shellcheck shell=sh
# Finds the programs that tests drive, or gets them from Debian's packages:
# Node.js with npm for the checks and tests of the scripts,
# Chromium (BROWSER_PATH) and Firefox for the page, PulseAudio as Firefox's sound
# device, ffmpeg for RTP from a sender that is not ours, gettext to collect the texts of
# pages, nginx in front of workers, promtool for the alerts, PostgreSQL for a run on it.
# Without one its tests are skipped loudly; with CI=true that is a failure.

# Find Node.js before script/setup runs: that installs its packages.
find_node() {
    command -v npm >/dev/null 2>&1 || from_debian npm || missing "Node.js with npm"
}

find_programs() {
    # The first is the same engine without the window: a test costs a third less.
    for name in chromium-headless-shell chromium chromium-browser google-chrome; do
        BROWSER_PATH=$(command -v "$name") && break
    done
    if [ -z "$BROWSER_PATH" ] && from_debian chromium-headless-shell; then
        BROWSER_PATH=$(command -v chromium-headless-shell)
    fi
    export BROWSER_PATH
    [ -n "$BROWSER_PATH" ] || missing Chromium
    command -v firefox-esr >/dev/null 2>&1 || command -v firefox >/dev/null 2>&1 ||
        from_debian firefox-esr || missing Firefox
    command -v pulseaudio >/dev/null 2>&1 || from_debian pulseaudio || missing PulseAudio
    command -v ffmpeg >/dev/null 2>&1 || from_debian ffmpeg || missing ffmpeg
    command -v xgettext >/dev/null 2>&1 || from_debian gettext || missing gettext
    # RUNLEVEL=1: what is installed starts no server of its own.
    command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] ||
        RUNLEVEL=1 from_debian nginx-light || missing nginx
    command -v promtool >/dev/null 2>&1 || RUNLEVEL=1 from_debian prometheus || missing promtool
}

# Puts PostgreSQL's programs in PATH: Debian keeps them, a directory a version, out of it.
find_postgres() {
    command -v initdb >/dev/null 2>&1 && command -v postgres >/dev/null 2>&1 && return
    debian=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    # RUNLEVEL=1: what is installed starts no server of its own.
    if [ -z "$debian" ] && RUNLEVEL=1 from_debian postgresql; then
        debian=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    fi
    if [ -z "$debian" ]; then
        missing PostgreSQL
        return 1
    fi
    PATH=$PATH:$debian
}

from_debian() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    echo "Installing $1 for the tests"
    apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "$1" >/dev/null
}

missing() {
    echo "script/test: NO $1: its tests are skipped" >&2
    if [ "${CI:-}" = true ]; then
        echo "script/test: with CI=true that is a failure" >&2
        exit 1
    fi
}
