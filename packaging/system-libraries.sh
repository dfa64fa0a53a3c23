#!/bin/sh
# Names the system packages that Qt needs and that are missing here; as root, installs them.
# Debian and Ubuntu only: elsewhere, and where nothing is missing, it says and does nothing.
# With --tests, also what the tests need to open a real window: Xvfb.
set -eu

[ -e /etc/debian_version ] || exit 0
export PATH="$PATH:/usr/sbin:/sbin"
cd "$(dirname "$0")/.."

missing_libraries() {
    case $(uname -m) in
        x86_64) abi=x86-64 ;;
        aarch64) abi=AArch64 ;;
        *) abi=libc6 ;;
    esac
    # The table of libraries and their packages stands in display.py, one `"library": "package",` a line.
    sed -n 's/^ *"\(lib[^"]*\)": "\([^"]*\)",$/\1 \2/p' mlp_studio/display.py |
        { ldconfig -p; echo ==; cat; } |
        awk -v abi="$abi" '
            /^==$/ { table = 1; next }
            !table { if (index($2, abi)) present[$1]; next }
            !($1 in present) { print $2 }'
}

missing_font() {
    for folder in /usr/share/fonts /usr/local/share/fonts "${HOME:-/}/.local/share/fonts" "${HOME:-/}/.fonts"; do
        [ -d "$folder" ] || continue
        [ -z "$(find "$folder" -name '*.[ot]t[fc]' -print -quit)" ] || return 0
    done
    echo fonts-dejavu-core
}

missing_display_server() {
    command -v Xvfb >/dev/null || echo xvfb
    command -v xauth >/dev/null || echo xauth
}

# Debian 13 and Ubuntu 24.04 renamed some packages: libglib2.0-0 became libglib2.0-0t64.
debian_names() {
    for package; do
        if apt-cache policy "${package}t64" | grep -q 'Candidate: [^(]'; then
            echo "${package}t64"
        else
            echo "$package"
        fi
    done
}

install() {
    echo "Installing system packages that Qt needs: $*"
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    apt-get update >"$log" 2>&1 || true
    # shellcheck disable=SC2046  # one word a package
    if ! apt-get install -y --no-install-recommends $(debian_names "$@") >>"$log" 2>&1; then
        tail -n 5 "$log" >&2
        echo "Not all system packages could be installed; try again with: apt-get install $*" >&2
    fi
    rm -f "$log"
}

missing=$(missing_libraries; missing_font; [ "${1:-}" != --tests ] || missing_display_server)
[ -n "$missing" ] || exit 0

missing=$(echo "$missing" | sort -u)
# shellcheck disable=SC2086  # one word a package
if [ "$(id -u)" = 0 ]; then
    install $missing
else
    echo "Qt needs system packages that are missing here; install them with: sudo apt-get install" \
        $(debian_names $missing) >&2
fi
