/* SPDX-License-Identifier: Apache-2.0 */
#include "base/board.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include <apr_shm.h>
#include <apr_strings.h>

#define LAYOUT 2 /* of career_board; counted up with every change to it */

/* One text; its parts follow one another in the bytes of its side. */
typedef struct side {
    char digest[CAREER_DIGEST_SIZE];
    size_t lengths[CAREER_BOARD_PARTS];
} side;

/* What lies in the shared memory. The text of generation g is on side g % 2: a publication fills the other
 * side, and one store of the generation turns the board. Whoever is killed before that has done nothing. */
struct career_board {
    pthread_mutex_t lock; /* robust, shared between processes */
    size_t room;          /* of one side */
    _Atomic uint64_t generation;
    _Atomic career_moment elected;
    _Atomic career_moment concluded; /* the last turn that is over */
    _Atomic career_moment shown;     /* the turn in which somebody asked for the text */
    atomic_uint attendants;          /* of the turn under way */
    _Atomic apr_time_t time;
    char complaint[CAREER_DIGEST_SIZE];
    side sides[2];
    char bytes[]; /* of both sides */
};

static career_board *create(apr_pool_t *pool, size_t room)
{
    pthread_mutexattr_t attributes;
    apr_shm_t *memory;
    career_board *made;

    if (apr_shm_create(&memory, sizeof(*made) + 2 * room, NULL, pool) != APR_SUCCESS)
        return NULL;
    made = apr_shm_baseaddr_get(memory);
    memset(made, 0, sizeof(*made));
    made->room = room;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&made->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return made;
}

career_board *career_board_open(apr_pool_t *pool, const char *name, size_t room)
{
    /* an upgraded module may come with a restart: it must not take another shape for its own */
    char
        key[8704]; /* not of the pool, which outlives many restarts; no line of httpd's is longer */
    career_board *board;
    void *kept = NULL;

    apr_snprintf(key, sizeof(key), "career-board-%d:%s", LAYOUT, name);
    apr_pool_userdata_get(&kept, key, pool);
    if (kept && ((career_board *)kept)->room >= room)
        return kept;
    board = create(pool, room);
    if (board) /* no cleanup function: the module may have been unloaded when the pool goes */
        apr_pool_userdata_set(board, key, NULL, pool);
    return board;
}

static void lock(career_board *board)
{
    if (pthread_mutex_lock(&board->lock) == EOWNERDEAD)
        pthread_mutex_consistent(&board->lock);
}

uint64_t career_board_generation(const career_board *board)
{
    return atomic_load_explicit(&board->generation, memory_order_acquire);
}

apr_time_t career_board_time(const career_board *board)
{
    return atomic_load(&board->time);
}

career_board_text career_board_read(career_board *board, apr_pool_t *pool)
{
    career_board_text text = {0};
    const side *shown;
    const char *at;

    lock(board);
    text.generation = atomic_load(&board->generation);
    text.time = atomic_load(&board->time);
    shown = &board->sides[text.generation % 2];
    at = board->bytes + text.generation % 2 * board->room;
    memcpy(text.digest, shown->digest, sizeof(text.digest));
    for (int i = 0; i < CAREER_BOARD_PARTS; i++) {
        text.parts[i].len = shown->lengths[i];
        text.parts[i].data = apr_pstrmemdup(pool, at, shown->lengths[i]);
        at += shown->lengths[i];
    }
    pthread_mutex_unlock(&board->lock);
    return text;
}

static size_t total(const career_slice *parts)
{
    size_t sum = 0;

    for (int i = 0; i < CAREER_BOARD_PARTS; i++)
        sum += parts[i].len;
    return sum;
}

static void write_parts(career_board *board, uint64_t generation, const char *digest,
                        const career_slice *parts)
{
    side *hidden = &board->sides[generation % 2];
    char *at = board->bytes + generation % 2 * board->room;

    for (int i = 0; i < CAREER_BOARD_PARTS; i++) {
        if (parts[i].len)
            memcpy(at, parts[i].data, parts[i].len);
        hidden->lengths[i] = parts[i].len;
        at += parts[i].len;
    }
    apr_cpystrn(hidden->digest, digest, sizeof(hidden->digest));
    board->complaint[0] = '\0';
    atomic_store(&board->generation, generation);
}

/* With the lock held. */
static career_board_outcome put(career_board *board, bool may_replace, const char *digest,
                                const career_slice *parts)
{
    uint64_t generation = atomic_load(&board->generation);
    career_board_outcome outcome = CAREER_BOARD_THE_SAME;

    if (strcmp(board->sides[generation % 2].digest, digest) != 0) {
        if (!may_replace || total(parts) > board->room)
            return CAREER_BOARD_OVERTAKEN;
        write_parts(board, generation + 1, digest, parts);
        outcome = CAREER_BOARD_WRITTEN;
    }
    atomic_store(&board->time, apr_time_now());
    return outcome;
}

career_board_outcome career_board_publish(career_board *board, career_moment turn,
                                          const char *digest, const career_slice *parts)
{
    career_board_outcome outcome = CAREER_BOARD_OVERTAKEN;

    lock(board);
    if (!career_board_is_ahead(board, turn))
        outcome = put(board, true, digest, parts);
    if (outcome != CAREER_BOARD_OVERTAKEN)
        atomic_store(&board->shown, turn);
    pthread_mutex_unlock(&board->lock);
    return outcome;
}

career_board_outcome career_board_publish_over(career_board *board, uint64_t over,
                                               const char *digest, const career_slice *parts)
{
    career_board_outcome outcome;

    lock(board);
    outcome = put(board, atomic_load(&board->generation) == over, digest, parts);
    pthread_mutex_unlock(&board->lock);
    return outcome;
}

bool career_board_is_ahead(const career_board *board, career_moment turn)
{
    return atomic_load(&board->shown) > turn;
}

bool career_board_complain(career_board *board, const char *complaint_digest)
{
    bool news;

    lock(board);
    news = strcmp(board->complaint, complaint_digest) != 0;
    apr_cpystrn(board->complaint, complaint_digest, sizeof(board->complaint));
    pthread_mutex_unlock(&board->lock);
    return news && *complaint_digest;
}

bool career_board_withdraw(career_board *board)
{
    bool found;

    lock(board);
    found = board->complaint[0] != '\0';
    board->complaint[0] = '\0';
    pthread_mutex_unlock(&board->lock);
    return found;
}

career_moment career_board_turn(const career_board *board)
{
    return atomic_load(&board->elected);
}

bool career_board_may_elect(const career_board *board, career_moment interval)
{
    career_moment last = atomic_load(&board->elected);

    return !last || career_clock_now() - last >= interval;
}

career_moment career_board_elect(career_board *board, career_moment interval)
{
    career_moment last = atomic_load(&board->elected), now = career_clock_now();

    if (now <= last)
        now = last + 1;
    if (last && now - last < interval)
        return 0;
    return atomic_compare_exchange_strong(&board->elected, &last, now) ? now : 0;
}

/* Turns may end in another order than they began. */
void career_board_conclude(career_board *board, career_moment turn)
{
    career_moment before = atomic_load(&board->concluded);

    if (turn == atomic_load(&board->elected))
        atomic_store(&board->attendants, 0);
    while (before < turn && !atomic_compare_exchange_weak(&board->concluded, &before, turn))
        ;
}

bool career_board_is_busy(const career_board *board)
{
    return atomic_load(&board->concluded) < atomic_load(&board->elected);
}

bool career_board_attend(career_board *board, unsigned seats)
{
    return career_board_is_busy(board) && atomic_fetch_add(&board->attendants, 1) < seats;
}
