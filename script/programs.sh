# shellcheck shell=sh
# Finds the programs that tests drive, or gets them from Debian's packages:
# Chromium (BROWSER_PATH) and Firefox for the page, PulseAudio as Firefox's sound
# device, ffmpeg for RTP from a sender that is not ours. Without one its tests are skipped loudly; with CI=true that is a failure.

find_programs() {
    for name in chromium chromium-browser google-chrome; do
        BROWSER_PATH=$(command -v "$name") && break
    done
    if [ -z "$BROWSER_PATH" ] && from_debian chromium; then
        BROWSER_PATH=$(command -v chromium)
    fi
    export BROWSER_PATH
    [ -n "$BROWSER_PATH" ] || missing Chromium
    command -v firefox-esr >/dev/null 2>&1 || command -v firefox >/dev/null 2>&1 ||
        from_debian firefox-esr || missing Firefox
    command -v pulseaudio >/dev/null 2>&1 || from_debian pulseaudio || missing PulseAudio
    command -v ffmpeg >/dev/null 2>&1 || from_debian ffmpeg || missing ffmpeg
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
