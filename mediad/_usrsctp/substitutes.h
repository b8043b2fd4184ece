/* What libusrsctp gets instead of what it asks the C library for: setup.py links with --wrap for each of them.
 *
 * gettimeofday: time is an argument here, and the library must not see another one than its timers do.
 * malloc, calloc, free: each association pays for what it makes the library keep, so it can be held to a bound. The
 *     library has limits of its own, but a peer that ignores them finds lists that have none.
 * in6addr_any: Debian builds the static library as position independent executables are built. So its address of
 *     another library's variable does not fit into a shared object, and that of a variable of its own does. */
#ifndef MEDIAD_USRSCTP_SUBSTITUTES_H
#define MEDIAD_USRSCTP_SUBSTITUTES_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

/* -- time ------------------------------------------------------------------------------------------------------- */

static int64_t library_time_us;

static inline void set_library_time(int64_t now_us)
{
    library_time_us = now_us;
}

__attribute__((used)) int __wrap_gettimeofday(struct timeval *now, void *zone);

int __wrap_gettimeofday(struct timeval *now, void *zone)
{
    (void)zone;
    now->tv_sec = (time_t)(library_time_us / 1000000);
    now->tv_usec = (suseconds_t)(library_time_us % 1000000);
    return 0;
}

/* -- memory ----------------------------------------------------------------------------------------------------- */

struct account {
    int64_t bytes;
    int64_t blocks;
    int closed; /* lives on until its last block is freed */
};

struct block {
    struct account *account;
    size_t bytes;
} __attribute__((aligned(16)));

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void __real_free(void *memory);
__attribute__((used)) void *__wrap_malloc(size_t bytes);
__attribute__((used)) void *__wrap_calloc(size_t count, size_t bytes);
__attribute__((used)) void __wrap_free(void *memory);

static struct account common_account; /* for the library itself, and for what timers do */
static struct account *payer = &common_account;

static inline struct account *open_account(void)
{
    return (struct account *)__real_calloc(1, sizeof(struct account));
}

static inline void close_account(struct account *account)
{
    account->closed = 1;
    if (account->blocks == 0)
        __real_free(account);
}

/* Who pays for what is allocated from now on; NULL: nobody in particular. */
static inline void set_payer(struct account *account)
{
    payer = account ? account : &common_account;
}

static inline void *book(struct block *block, size_t bytes)
{
    if (!block)
        return NULL;
    block->account = payer;
    block->bytes = bytes;
    payer->bytes += (int64_t)bytes;
    payer->blocks++;
    return block + 1;
}

void *__wrap_malloc(size_t bytes)
{
    size_t whole;

    if (__builtin_add_overflow(bytes, sizeof(struct block), &whole))
        return NULL;
    return book((struct block *)__real_malloc(whole), whole);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    size_t whole;

    if (__builtin_mul_overflow(count, bytes, &whole) || __builtin_add_overflow(whole, sizeof(struct block), &whole))
        return NULL;
    return book((struct block *)__real_calloc(1, whole), whole);
}

void __wrap_free(void *memory)
{
    struct block *block;
    struct account *account;

    if (!memory)
        return;
    block = (struct block *)memory - 1;
    account = block->account;
    account->bytes -= (int64_t)block->bytes;
    account->blocks--;
    __real_free(block);
    if (account->closed && account->blocks == 0)
        __real_free(account);
}

/* -- linking ---------------------------------------------------------------------------------------------------- */

__attribute__((used)) const struct in6_addr __wrap_in6addr_any;

#endif
