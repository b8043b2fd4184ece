# shellcheck shell=bash
# Set-up shared by the scripts beside this file. Each step looks first at what is already there, so a second call costs
# little, and one lock makes several scripts started at once take turns.
#
#   setup_run     what the daemon needs     (Python, runtime packages, native code, the page)
#   setup_tests   what the tests need too   (development packages, Chromium, ffmpeg, GStreamer, valgrind, ip for root)
#   setup_check   what scripts/check needs  (development packages)

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$ROOT/.venv
PY=$VENV/bin/python
STATE=$ROOT/build/state # one file per finished step, holding the digest of what it was made from
NODE_MAJOR=18           # what the page's bundler needs; Debian 12 and Ubuntu 24.04 ship it

say() { printf '%s\n' "mediad: $*" >&2; }
die() { say "$@"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# --- steps that run only when what they are made from has changed ------------------------------------------------

digest() { sha256sum | cut -d' ' -f1; }

digest_files() { # the names and contents of the NUL-separated files on stdin
    sort -z | xargs -0 -r sha256sum | digest
}

is_done() { [ "$(cat "$STATE/$1" 2>/dev/null)" = "$2" ]; }
mark_done() { printf '%s\n' "$2" >"$STATE/$1"; }

with_lock() { # keeps the lock away from the program that runs after set-up: "$@" finishes before it is released
    mkdir -p "$STATE"
    exec 9>"$STATE/lock"
    flock --nonblock 9 || { say "waiting for another script's set-up"; flock 9; }
    "$@"
    exec 9>&-
}

# --- system packages ---------------------------------------------------------------------------------------------

system_packages() { # STEP…: whatever those steps lack, in one go, so that nobody is asked three times
    local step missing=()
    for step in "$@"; do
        case $step in
        python) [ -x "$PY" ] || find_python >/dev/null || missing+=(python3 python3-venv python3-dev) ;;
        native)
            if ! is_done native "$(native_digest)"; then
                compiles_c || missing+=(gcc libc6-dev)
                has_libusrsctp || missing+=(libusrsctp-dev)
            fi
            ;;
        web) is_done web "$(web_digest)" || bundles || missing+=(nodejs npm) ;;
        apps) is_done apps "$(apps_digest)" || bundles || missing+=(nodejs npm) ;;
        browser) has_browser || browser_is_a_snap || missing+=(chromium) ;;
        broadcasters)
            have ffmpeg || missing+=(ffmpeg)
            has_gstreamer || missing+=(gstreamer1.0-tools gstreamer1.0-plugins-{base,good,bad})
            ;;
        valgrind) have valgrind || missing+=(valgrind) ;;
        network) [ "$(id -u)" -ne 0 ] || have ip || missing+=(iproute2) ;; # of use to root alone
        esac
    done
    [ "${#missing[@]}" -eq 0 ] || install_packages "${missing[@]}"
}

install_packages() {
    if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
        say "these packages are missing: $*"
        die "install them with: sudo apt-get update && sudo apt-get install --no-install-recommends $*"
    fi
    say "installing system packages, which may take some minutes: $*"
    # fd 9 is the lock: a service that a package starts must not inherit it.
    if ! { apt_get update && apt_get install --no-install-recommends "$@"; } 9>&-; then
        cat "$STATE/apt.log" >&2
        die "apt-get could not install: $* (its words are above)"
    fi
}

apt_get() { # its words go to a file: hundreds of lines that only matter when it fails
    mkdir -p "$STATE"
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" \
        </dev/null >"$STATE/apt.log" 2>&1
}

compiles_c() { printf '#include <stdint.h>\n' | gcc -E - >/dev/null 2>&1; }

has_libusrsctp() { # the library in the form that setup.py links, and its header
    local library
    library=$(gcc -print-file-name=libusrsctp.a 2>/dev/null) || return 1
    [ -f "$library" ] && printf '#include <usrsctp.h>\n' | gcc -E - >/dev/null 2>&1
}

bundles() { [ "$(node_major)" -ge "$NODE_MAJOR" ] && have npm; }

node_major() {
    local version
    version=$(node --version 2>/dev/null) || version=v0
    version=${version#v}
    printf '%s\n' "${version%%.*}"
}

has_browser() { have chromium || have google-chrome; }

has_gstreamer() { # with an encoder, a payloader, sessions and encryption, each of another package
    have gst-launch-1.0 && gst-inspect-1.0 opusenc && gst-inspect-1.0 rtpvp9pay && gst-inspect-1.0 rtpbin &&
        gst-inspect-1.0 srtpenc
} >/dev/null 2>&1

browser_is_a_snap() { grep -qs '^ID=ubuntu$' /etc/os-release; } # which servers and containers do without

# --- Python ------------------------------------------------------------------------------------------------------

python_is_fit() { # new enough, can make environments that have pip, and has the headers that native code needs
    "$1" - >/dev/null 2>&1 <<'PY'
import sys, sysconfig, pathlib
assert sys.version_info >= (3, 11)
import ensurepip, venv
assert pathlib.Path(sysconfig.get_path("include"), "Python.h").exists()
PY
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 /usr/bin/python3}; do
        if have "$candidate" && python_is_fit "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

setup_venv() {
    local base
    if [ -x "$PY" ] && "$PY" -m pip --version >/dev/null 2>&1 && python_is_fit "$PY"; then
        return
    fi
    base=$(find_python) || die "no Python 3.11 or newer that has venv and headers"
    say "making .venv with $base"
    rm -rf "$VENV" "$STATE"/python-*
    "$base" -m venv "$VENV"
}

setup_python() { # run|dev: the dependencies pyproject.toml names, in the versions constraints.txt names
    local want
    want=$(cat "$ROOT/pyproject.toml" "$ROOT/constraints.txt" | digest)
    if [ -x "$PY" ] && { is_done "python-$1" "$want" || is_done python-dev "$want"; }; then
        return
    fi
    setup_venv
    say "installing Python packages ($1)"
    "$PY" "$ROOT/scripts/requirements.py" "$1" >"$STATE/requirements.txt"
    pip_install -r "$STATE/requirements.txt" -c "$ROOT/constraints.txt"
    # The commands mediad and mediactl in .venv/bin; the native code has a step of its own.
    MEDIAD_NATIVE=0 pip_install --no-deps --no-build-isolation --editable "$ROOT"
    mark_done "python-$1" "$want"
}

pip_install() {
    "$PY" -m pip install --quiet --no-input --disable-pip-version-check "$@" </dev/null >&2
}

# --- native code -------------------------------------------------------------------------------------------------

native_digest() {
    {
        find "$ROOT/mediad" "$ROOT/tests" -path "$ROOT/mediad/web" -prune -o \
            \( -name '*.pyx' -o -name '*.pxd' -o -name '*.h' \) -print0
        find "$ROOT/setup.py" "$VENV/pyvenv.cfg" -print0 2>/dev/null
    } | digest_files
}

setup_native() {
    local want
    want=$(native_digest)
    is_done native "$want" && return
    build_native
    mark_done native "$want"
}

build_native() {
    say "building native code, which takes a minute or two the first time"
    local log=$STATE/native.log hints building
    : >"$log.begun"
    : >"$log"
    (cd "$ROOT" && MEDIAD_WINDOWS=1 exec "$PY" setup.py --quiet build_ext --inplace -j "$(nproc)") >"$log" 2>&1 &
    building=$!
    show_progress "$building" "$log"
    if ! wait "$building"; then
        cat "$log" >&2
        die "the native build failed"
    fi
    # Cython says so when a call makes code without the GIL take it. No flag of Cython turns that into an error.
    if hints=$(grep -i 'performance hint' "$log"); then
        printf '%s\n' "$hints" >&2
        rm -f "$ROOT"/build/interfaces # the next build starts from nothing and finds the same
        die "the native build has performance hints: mark what they name noexcept, or nogil code takes the GIL"
    fi
}

show_progress() { # PID LOG: how many of the modules to be built are compiled, until the process has ended
    local left total tell=1
    while kill -0 "$1" 2>/dev/null; do
        sleep 1
        total=$(grep -c Cythonizing "$2" || true)
        left=$((total - $({ find "$ROOT/build" -name '*.o' -newer "$2.begun" 2>/dev/null || true; } | wc -l)))
        if [ "$total" -eq 0 ] || [ "$left" -lt 0 ]; then continue; fi
        if [ -t 2 ]; then
            printf '\rmediad: compiled %d of %d modules ' $((total - left)) "$total" >&2
        elif [ $((tell = tell % 15 + 1)) -eq 15 ]; then # a line now and then, where lines cannot be overwritten
            say "compiled $((total - left)) of $total modules"
        fi
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

copy_sources() { # TREE: what a second build elsewhere needs; the ordinary one stays what it is
    mkdir -p "$1"
    # What was built stays for the next time; sources that are gone must not.
    find "$1" -type f \( -name '*.py' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' \) \
        -not -path "$1/build/*" -delete
    (cd "$ROOT" && find setup.py pyproject.toml README.md mediad tests -type f \
        -not -path 'mediad/web/*' -not -path 'tests/apps/*' -not -name '*.pyc' -not -name '*.so' -not -name '*.c' -print0 |
        tar --create --null --files-from=- --file=-) | tar --extract --directory="$1"
}

# --- the page ----------------------------------------------------------------------------------------------------

web_digest() {
    find "$ROOT/mediad/web" \( -name node_modules -o -name dist \) -prune -o -type f -print0 | digest_files
}

npm_packages() { # FOLDER STEP WHAT: the packages of a folder's lock file, unless they are there
    local packages
    packages=$(digest <"$1/package-lock.json")
    if ! [ -d "$1/node_modules" ] || ! is_done "$2" "$packages"; then
        say "installing $3"
        npm_in "$1" ci --no-audit --no-fund
        mark_done "$2" "$packages"
    fi
}

setup_web() {
    local web=$ROOT/mediad/web sources
    [ -f "$web/package.json" ] || return 0
    sources=$(web_digest)
    [ -d "$web/dist" ] && is_done web "$sources" && return
    bundles || die "building the page needs npm and Node.js $NODE_MAJOR or newer; here is $(node --version)"
    npm_packages "$web" web-packages "the page's npm packages"
    say "building the page"
    npm_in "$web" run build
    mark_done web "$sources"
}

# --- the tests' apps ---------------------------------------------------------------------------------------------

apps_digest() { # they are bundled with packages of the page
    {
        find "$ROOT/tests/apps" \( -name node_modules -o -name dist \) -prune -o -type f -print0
        printf '%s\0' "$ROOT/mediad/web/package-lock.json"
    } | digest_files
}

setup_apps() {
    local apps=$ROOT/tests/apps sources
    sources=$(apps_digest)
    [ -d "$apps/dist" ] && is_done apps "$sources" && return
    npm_packages "$ROOT/mediad/web" web-packages "the page's npm packages"
    npm_packages "$apps" apps-packages "npm packages of the tests' apps"
    say "building the tests' apps"
    npm_in "$apps" run build
    mark_done apps "$sources"
}

npm_in() {
    local where=$1
    shift
    npm --prefix "$where" --loglevel=error "$@" </dev/null >&2
}

# --- the tests' browser ------------------------------------------------------------------------------------------

setup_browser() { # only where the system has no package for it
    if has_browser || is_done browser "$PY"; then
        return
    fi
    say "installing Playwright's Chromium"
    if [ "$(id -u)" -eq 0 ]; then
        "$PY" -m playwright install --with-deps chromium </dev/null >&2
    else
        "$PY" -m playwright install chromium </dev/null >&2
        say "if it does not start: sudo $PY -m playwright install-deps chromium"
    fi
    mark_done browser "$PY"
}

# --- together ----------------------------------------------------------------------------------------------------

run_steps() {
    system_packages python native web
    setup_python run
    setup_native
    setup_web
}

test_steps() {
    system_packages python native web apps browser broadcasters valgrind network
    setup_python dev
    setup_native
    setup_web
    setup_apps
    setup_browser
}

check_steps() {
    system_packages python native
    setup_python dev
}

setup_run() { with_lock run_steps; }
setup_tests() { with_lock test_steps; }
setup_check() { with_lock check_steps; }
