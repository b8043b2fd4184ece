/* A bounded queue of fixed-size records between exactly one producer thread and one consumer thread.
 *
 * head and tail count records and wrap; only their difference and their low bits matter. Each side keeps what it last
 * saw of the other's counter beside its own, so that it touches the other's cache line only when that looks full
 * (or empty). Records are written before the release store of head and read before the release store of tail.
 *
 * Set aside: a mutex taken by both sides. A burst of commands would then stall packets. */
#ifndef MEDIAD_RING_H
#define MEDIAD_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MEDIAD_RING_LINE 64

typedef struct mediad_ring {
    uint8_t *records;
    uint32_t mask;
    uint32_t record_bytes;
    /* A whole line of padding on either side keeps the two apart wherever the struct itself happens to lie. */
    uint8_t before_head[MEDIAD_RING_LINE];
    _Atomic uint32_t head; /* records ever pushed; the producer's */
    uint32_t tail_seen;
    uint8_t before_tail[MEDIAD_RING_LINE];
    _Atomic uint32_t tail; /* records ever popped; the consumer's */
    uint32_t head_seen;
    uint8_t behind_tail[MEDIAD_RING_LINE];
} mediad_ring;

/* capacity: records, a power of two up to 2^31. False when it is not, or when memory is short. */
static inline bool mediad_ring_init(mediad_ring *ring, uint32_t capacity, uint32_t record_bytes) {
    memset(ring, 0, sizeof *ring);
    if (capacity == 0 || (capacity & (capacity - 1)) != 0 || record_bytes == 0) {
        return false;
    }
    ring->records = calloc(capacity, record_bytes);
    ring->mask = capacity - 1;
    ring->record_bytes = record_bytes;
    return ring->records != NULL;
}

static inline void mediad_ring_destroy(mediad_ring *ring) {
    free(ring->records);
    ring->records = NULL;
}

/* Producer: the record to fill next, or NULL when the ring is full. Nothing is visible before the commit. */
static inline void *mediad_ring_push_slot(mediad_ring *ring) {
    const uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (head - ring->tail_seen > ring->mask) {
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (head - ring->tail_seen > ring->mask) {
            return NULL;
        }
    }
    return ring->records + (size_t)(head & ring->mask) * ring->record_bytes;
}

static inline void mediad_ring_commit(mediad_ring *ring) {
    const uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

/* Producer: false when the ring is full. */
static inline bool mediad_ring_push(mediad_ring *ring, const void *record) {
    void *slot = mediad_ring_push_slot(ring);
    if (slot == NULL) {
        return false;
    }
    memcpy(slot, record, ring->record_bytes);
    mediad_ring_commit(ring);
    return true;
}

/* Producer: how many records fit right now; the consumer can only make it more. */
static inline uint32_t mediad_ring_room(mediad_ring *ring) {
    const uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return ring->mask + 1 - (head - ring->tail_seen);
}

/* Producer: how many records were ever pushed, and popped; both wrap. */
static inline uint32_t mediad_ring_pushed(const mediad_ring *ring) {
    return atomic_load_explicit(&ring->head, memory_order_relaxed);
}

static inline uint32_t mediad_ring_popped(const mediad_ring *ring) {
    return atomic_load_explicit(&ring->tail, memory_order_acquire);
}

/* Consumer: the oldest record, or NULL. The producer may overwrite it only after the release. */
static inline const void *mediad_ring_pop_slot(mediad_ring *ring) {
    const uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (tail == ring->head_seen) {
        ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
        if (tail == ring->head_seen) {
            return NULL;
        }
    }
    return ring->records + (size_t)(tail & ring->mask) * ring->record_bytes;
}

static inline void mediad_ring_release(mediad_ring *ring) {
    const uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
}

/* Consumer: false when the ring is empty. */
static inline bool mediad_ring_pop(mediad_ring *ring, void *record) {
    const void *slot = mediad_ring_pop_slot(ring);
    if (slot == NULL) {
        return false;
    }
    memcpy(record, slot, ring->record_bytes);
    mediad_ring_release(ring);
    return true;
}

#endif
