# shellcheck shell=bash
# Builds the native code a second time, instrumented, in a tree of its own under build/, so that the ordinary build
# stays what it is. Sourced after lib.sh.

sanitized_tree() { # NAME SANITIZERS: leaves the tree's path in $TREE
    TREE=$ROOT/build/$1
    copy_sources "$TREE"
    say "building native code with -fsanitize=$2"
    if ! (cd "$TREE" && MEDIAD_WINDOWS=1 MEDIAD_SANITIZE=$2 \
        "$PY" setup.py --quiet build_ext --inplace -j "$(nproc)") >"$STATE/$1.log" 2>&1; then
        cat "$STATE/$1.log" >&2
        die "the instrumented build failed"
    fi
}

sanitized_python() { # LIBRARIES arguments…: the interpreter is not instrumented, so the runtimes load before it
    local preload='' library wrapper=()
    for library in $1; do
        preload+="$(gcc -print-file-name="$library.so") "
    done
    # ThreadSanitizer wants memory where address randomisation may have put something else.
    case $1 in *tsan*) wrapper=(setarch "$(uname -m)" --addr-no-randomize) ;; esac
    shift
    cd "$TREE" || exit
    exec "${wrapper[@]}" env LD_PRELOAD="$preload" PYTHONPATH="$TREE" PYTHONMALLOC=malloc \
        ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 \
        TSAN_OPTIONS="suppressions=$ROOT/scripts/tsan.supp" \
        "$PY" "$@"
}
