# shellcheck shell=sh
# Sets BROWSER_PATH for the browser tests: a Chromium that is here, or one that
# can be had from Debian's packages. Without one those tests are skipped loudly;
# with CI=true that is a failure.

find_browser() {
    for name in chromium chromium-browser google-chrome; do
        if command -v "$name" >/dev/null 2>&1; then
            BROWSER_PATH=$(command -v "$name")
            export BROWSER_PATH
            return
        fi
    done
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing Chromium for the browser tests"
        if apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive \
            apt-get install -qq -y --no-install-recommends chromium >/dev/null; then
            BROWSER_PATH=$(command -v chromium)
            export BROWSER_PATH
            return
        fi
    fi
    echo "script/test: NO CHROMIUM: the browser tests are skipped" >&2
    if [ "${CI:-}" = true ]; then
        echo "script/test: with CI=true that is a failure" >&2
        exit 1
    fi
}
