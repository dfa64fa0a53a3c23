#!/bin/sh
# Puts MLP Studio into this person's menu, and has projects (.mlps) opened with it. With --remove: takes that back.
# It writes to $XDG_DATA_HOME (~/.local/share) alone. Run it again after the folder was moved.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
program=$(dirname "$here")/MLPStudio
data=${XDG_DATA_HOME:-$HOME/.local/share}
entry=$data/applications/mlp-studio.desktop
type=$data/mime/packages/mlp-studio.xml

refresh() { # these programs tell the desktop; where one is missing, the next login does
    ! command -v update-desktop-database >/dev/null || update-desktop-database -q "$data/applications" || true
    ! command -v update-mime-database >/dev/null || update-mime-database "$data/mime" || true
    ! command -v gtk-update-icon-cache >/dev/null || gtk-update-icon-cache -qtf "$data/icons/hicolor" || true
}

if [ "${1:-}" = --remove ]; then
    rm -f "$entry" "$type" "$data"/icons/hicolor/*/apps/mlp-studio.png "$data/icons/hicolor/scalable/apps/mlp-studio.svg"
    [ ! -d "$data/mime" ] || refresh
    echo "MLP Studio is no longer in the menu."
    exit 0
fi

mkdir -p "$data/applications" "$data/mime/packages" "$data/icons"
# within quotation marks, a desktop entry wants these characters escaped; TryExec has no quotation marks
quoted=$(printf %s "$program" | sed 's/[\\"`$]/\\\\&/g; s/%/%%/g')
escape() { printf %s "$1" | sed 's/[\\&|]/\\&/g'; }
sed -e "s|^Exec=\"@PROGRAM@\"|Exec=\"$(escape "$quoted")\"|" -e "s|@PROGRAM@|$(escape "$program")|" \
    "$here/mlp-studio.desktop" >"$entry"
cp "$here/mlp-studio.xml" "$type"
cp -R "$here/icons/hicolor" "$data/icons/"
refresh
echo "MLP Studio is in the menu, and opens .mlps files: $entry"
