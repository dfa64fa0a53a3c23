#!/bin/sh
# sdist → wheel → run: packaging/check_wheel.sh PYTHON [--fresh]
# PYTHON is that of an environment with the locked libraries and hatchling. The wheel is built from the unpacked sdist,
# installed into a new environment and tried out there. The libraries that it requires are those of PYTHON's environment,
# to save minutes; with --fresh they are installed from the lock, as pip does it for a person.
set -eu

cd "$(dirname "$0")/.."
python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

rm -f dist/mlp_studio-*
"$python" -m hatchling build -t sdist -d dist >/dev/null
mkdir "$scratch/source"
tar -xzf dist/mlp_studio-*.tar.gz -C "$scratch/source" --strip-components 1
(cd "$scratch/source" && "$python" -m hatchling build -t wheel -d "$scratch/wheel" >/dev/null)
cp "$scratch"/wheel/*.whl dist/

"$python" -m venv "$scratch/Umgebung Ω"
new="$scratch/Umgebung Ω/bin"
if [ "${2:-}" = --fresh ]; then
    "$new/python" -m pip install -q --disable-pip-version-check -r packaging/requirements.lock
else
    libraries=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    echo "$libraries" >"$("$new/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/libraries.pth"
fi
"$new/python" -m pip install -q --disable-pip-version-check --no-deps dist/*.whl

mkdir "$scratch/home"
here=$(cd / && "$new/python" -c 'import mlp_studio.core.resources as r; print(r.resource("icons/mlp-studio.svg"))')
case $here in
    "$scratch"*/_resources/icons/mlp-studio.svg) ;;
    *) echo "The resources are not the wheel's: $here" >&2 && exit 1 ;;
esac
(cd / && HOME="$scratch/home" "$new/mlp-studio" --self-test "$scratch/out.json")
grep -q '"passed": true' "$scratch/out.json"
echo "The wheel is as it should be: $(ls dist/*.whl)"
