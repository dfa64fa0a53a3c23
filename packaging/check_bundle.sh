#!/bin/sh
# Tries a bundle out as people get it: packaging/check_bundle.sh FOLDER [full|lite] [OUT.json]
# From a path with a space and letters that are not ASCII, in /, with an empty environment, a home of its own and no
# Python to be found. Exit code 1 and the reason where something is not as it should be.
set -eu

folder=$(cd "$1" && pwd)
variant=${2:-full}
out=${3:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
place="$scratch/Programme für Ωmega"
home="$scratch/home"
mkdir -p "$place" "$home" "$scratch/empty"
cp -al "$folder" "$place/" 2>/dev/null || cp -R "$folder" "$place/"
program="$place/$(basename "$folder")/MLPStudio"

fail() {
    echo "$1" >&2
    exit 1
}

# What a program gets that is started by nothing: a home, and a search path on which nothing is.
bare() {
    (cd / && exec env -i HOME="$home" PATH="$scratch/empty" "$@")
}

expect() { # CODE WORDS COMMAND…: the command ends with this exit code and says these words
    code=$1 words=$2
    shift 2
    status=0
    said=$("$@" 2>&1) || status=$?
    [ "$status" = "$code" ] || fail "exit code $status instead of $code: $*
$said"
    case $said in
        *"$words"*) ;;
        *) fail "“$words” was not said: $*
$said" ;;
    esac
}

echo "versions, commands and what is missing"
expect 0 "(bundle)" bare "$program" --diagnostics
expect 0 "numpy-mlp" bare "$program" lessons
expect 2 "MLP Studio found no display" bare "$program"
lines=$(bare "$program" 2>&1 | wc -l)
[ "$lines" -eq 1 ] || fail "Without a display it says $lines lines instead of one sentence."
expect 2 "cannot reach the display DISPLAY=:4093" env -i HOME="$home" DISPLAY=:4093 "$program"
if [ "$variant" = lite ]; then
    expect 2 "PyTorch is not installed: download the full edition" \
        bare "$program" train --set model.backend=torch --quiet
else
    expect 0 "" bare "$program" train --set model.backend=torch --set train.epochs=3 --quiet
fi

echo "without stdin, stdout and stderr"
(cd / && env -i HOME="$home" "$program" lessons <&- >&- 2>&-) || fail "Without streams it ended with $?."
log="$home/.local/share/MLP Studio/MLP Studio/output.log"
grep -q numpy-mlp "$log" || fail "$log does not have what would have been printed."

echo "self-test without a display"
bare "$program" --self-test "$scratch/out.json" || fail "The self-test failed."
grep -q '"passed": true' "$scratch/out.json" || fail "The self-test's report says otherwise."
[ -z "$out" ] || cp "$scratch/out.json" "$out"

if command -v Xvfb >/dev/null; then
    echo "self-test on a screen"
    number=$scratch/display
    Xvfb -displayfd 1 -screen 0 1600x1000x24 -nolisten tcp -noreset >"$number" 2>/dev/null &
    server=$!
    trap 'kill "$server"; rm -rf "$scratch"' EXIT
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ ! -s "$number" ] || break
        sleep 1
    done
    display=:$(cat "$number")
    (cd / && env -i HOME="$home" PATH="$scratch/empty" DISPLAY="$display" "$program" --self-test "$scratch/xcb.json") ||
        fail "The self-test failed on a screen."
    grep -q '"platform": "xcb"' "$scratch/xcb.json" || fail "The window was not on the screen."
fi

echo "the desktop's entries"
HOME="$home" XDG_DATA_HOME="$home/share" "$(dirname "$program")/desktop/install-desktop.sh" >/dev/null
entry="$home/share/applications/mlp-studio.desktop"
grep -q "^Exec=\"$program\" %f\$" "$entry" || fail "The desktop entry starts something else."
grep -q "^MimeType=application/vnd.mlp-studio.project;" "$entry" || fail "The desktop entry takes no projects."
[ -f "$home/share/icons/hicolor/48x48/apps/mlp-studio.png" ] || fail "The icon is missing."
if command -v update-mime-database >/dev/null; then
    grep -q "application/vnd.mlp-studio.project:\*.mlps" "$home/share/mime/globs2" || fail ".mlps has no type."
fi
HOME="$home" XDG_DATA_HOME="$home/share" "$(dirname "$program")/desktop/install-desktop.sh" --remove >/dev/null
[ ! -e "$entry" ] || fail "The desktop entry was not taken back."

echo "The bundle is as it should be: $folder ($variant)."
