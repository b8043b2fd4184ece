/* A broken invariant is a bug of ours: stop the worker here, before more is changed, and let the supervisor
 * start another. Cython's `assert` would take the GIL, print and carry on. */
#ifndef MEDIAD_INVARIANT_H
#define MEDIAD_INVARIANT_H

#include <stdio.h>
#include <stdlib.h>

__attribute__((cold, noinline, noreturn, unused)) static void mediad_invariant_broken(const char *file, int line,
                                                                                       const char *expression) {
    fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, expression);
    abort();
}

#define MEDIAD_ASSERT(expression)                                                                                      \
    (__builtin_expect(!(expression), 0) ? mediad_invariant_broken(__FILE__, __LINE__, #expression) : (void)0)

#endif
