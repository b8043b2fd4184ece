/* What libusrsctp gets instead of what it asks the C library for: setup.py links with --wrap for each of them.
 *
 * gettimeofday: time is an argument here, and the library must not see another one than its timers do.
 * in6addr_any: Debian builds the static library as position independent executables are built. So its address of
 * another library's variable does not fit into a shared object, and that of a variable of its own does. */
#ifndef MEDIAD_USRSCTP_SUBSTITUTES_H
#define MEDIAD_USRSCTP_SUBSTITUTES_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/time.h>

static int64_t library_time_us;

static inline void set_library_time(int64_t now_us)
{
    library_time_us = now_us;
}

__attribute__((used)) const struct in6_addr __wrap_in6addr_any;

__attribute__((used)) int __wrap_gettimeofday(struct timeval *now, void *zone);

int __wrap_gettimeofday(struct timeval *now, void *zone)
{
    (void)zone;
    now->tv_sec = (time_t)(library_time_us / 1000000);
    now->tv_usec = (suseconds_t)(library_time_us % 1000000);
    return 0;
}

#endif
