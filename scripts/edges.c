/* What an input made run, told to the fuzzer: scripts/fuzz compiles this and preloads it.
 *
 * Native code is compiled with -fsanitize-coverage=trace-pc,trace-cmp, which gcc and clang both know: it calls the
 * functions below at each branch and each comparison. Lines of Python come from the interpreter's own trace function.
 * Both count in one table, by pairs of places that ran one after the other. One thread alone is watched.
 */
#include <Python.h>
#include <frameobject.h>
#include <stdint.h>
#include <string.h>

#define EDGES (1u << 17)
#define PAIRS 256

typedef struct {
    uint64_t left, right, width_bytes;
} Pair;

static uint8_t counted[EDGES];
static uint8_t known[EDGES]; /* a bit for each class of counts that was seen */
static Pair pairs[PAIRS];
static uint32_t pairs_begun;
static uintptr_t previous;
static __thread int watching;

static inline void
visit(uintptr_t place)
{
    uintptr_t mixed = place * UINT64_C(0x9E3779B97F4A7C15) >> 40;
    uint8_t *count = &counted[(mixed ^ previous) % EDGES];
    *count += *count < 255;
    previous = mixed >> 1;
}

void
__sanitizer_cov_trace_pc(void)
{
    if (watching)
        visit((uintptr_t)__builtin_return_address(0));
}

static inline void
compare(uint64_t left, uint64_t right, uint64_t width_bytes)
{
    if (!watching || left == right)
        return;
    Pair *pair = &pairs[pairs_begun++ % PAIRS];
    pair->left = left;
    pair->right = right;
    pair->width_bytes = width_bytes;
}

void __sanitizer_cov_trace_cmp1(uint8_t a, uint8_t b) { compare(a, b, 1); }
void __sanitizer_cov_trace_cmp2(uint16_t a, uint16_t b) { compare(a, b, 2); }
void __sanitizer_cov_trace_cmp4(uint32_t a, uint32_t b) { compare(a, b, 4); }
void __sanitizer_cov_trace_cmp8(uint64_t a, uint64_t b) { compare(a, b, 8); }
void __sanitizer_cov_trace_const_cmp1(uint8_t a, uint8_t b) { compare(b, a, 1); }
void __sanitizer_cov_trace_const_cmp2(uint16_t a, uint16_t b) { compare(b, a, 2); }
void __sanitizer_cov_trace_const_cmp4(uint32_t a, uint32_t b) { compare(b, a, 4); }
void __sanitizer_cov_trace_const_cmp8(uint64_t a, uint64_t b) { compare(b, a, 8); }
void __sanitizer_cov_trace_cmpf(float a, float b) { (void)a; (void)b; }
void __sanitizer_cov_trace_cmpd(double a, double b) { (void)a; (void)b; }

void
__sanitizer_cov_trace_switch(uint64_t value, uint64_t *cases)
{
    for (uint64_t n = 0; n < cases[0] && n < 16; n++)
        compare(value, cases[2 + n], cases[1] / 8);
}

static int
line_ran(PyObject *self, PyFrameObject *frame, int what, PyObject *argument)
{
    (void)self;
    (void)argument;
    if (watching && what == PyTrace_LINE) {
        PyCodeObject *code = PyFrame_GetCode(frame);
        visit((uintptr_t)code ^ (uintptr_t)PyFrame_GetLineNumber(frame) << 4);
        Py_DECREF(code);
    }
    return 0;
}

/* From here to edges_end() this thread is watched, its Python too if asked for. Called with the GIL. */
void
edges_begin(int python)
{
    memset(counted, 0, EDGES);
    pairs_begun = 0;
    previous = 0;
    watching = 1;
    if (python)
        PyEval_SetTrace(line_ran, NULL);
}

static uint8_t
class_of(uint8_t count)
{
    return count < 4 ? 1 << (count - 1) : count < 8 ? 8 : count < 16 ? 16 : count < 32 ? 32 : count < 128 ? 64 : 128;
}

/* Returns how many edges ran for the first time, or more often than ever; `python` as before. */
int
edges_end(int python)
{
    int news = 0;
    watching = 0;
    if (python)
        PyEval_SetTrace(NULL, NULL);
    for (uint32_t at = 0; at < EDGES; at += 8) {
        uint64_t eight;
        memcpy(&eight, counted + at, 8);
        if (!eight)
            continue;
        for (uint32_t n = at; n < at + 8; n++)
            if (counted[n] && !(known[n] & class_of(counted[n]))) {
                known[n] |= class_of(counted[n]);
                news++;
            }
    }
    return news;
}

/* How many edges ran since the process began. */
int
edges_known(void)
{
    int total = 0;
    for (uint32_t n = 0; n < EDGES; n++)
        total += known[n] != 0;
    return total;
}

/* The differing operands of up to `room` comparisons of the last input. */
int
edges_pairs(Pair *into, int room)
{
    int have = pairs_begun < PAIRS ? (int)pairs_begun : PAIRS;
    have = have < room ? have : room;
    memcpy(into, pairs, have * sizeof(Pair));
    return have;
}
