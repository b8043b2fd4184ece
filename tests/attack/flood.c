/* Sends datagrams again and again, at a rate or as fast as the kernel takes them, and counts.
 *
 *   flood HOST PORT SECONDS RATE from SOURCE SOCKETS    from so many ports of SOURCE; answers are counted
 *   flood HOST PORT SECONDS RATE forge SOURCE PORT      as if from SOURCE; 0.0.0.0: another one of 127.16.0.0/12
 *                                                       in each datagram. Needs root.
 *
 * The datagrams come on stdin, each behind its length in two bytes. RATE is in datagrams a second; 0: no limit.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 64,
    MOST_DATAGRAMS = 1 << 16,
    LONGEST = 1500,
    MOST_SOCKETS = 1024,
    HEADERS = sizeof(struct iphdr) + sizeof(struct udphdr)
};

static uint8_t *datagrams[MOST_DATAGRAMS];
static size_t lengths[MOST_DATAGRAMS];
static size_t count;
static uint64_t sent, sent_bytes, answered_bytes, failed;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void read_datagrams(void) {
    uint8_t head[2];
    while (count < MOST_DATAGRAMS && fread(head, 1, 2, stdin) == 2) {
        size_t length = head[0] << 8 | head[1];
        if (length > LONGEST)
            length = LONGEST;
        datagrams[count] = malloc(length + 1);
        if (datagrams[count] == NULL || fread(datagrams[count], 1, length, stdin) != length)
            fail("stdin");
        lengths[count++] = length;
    }
    if (count == 0)
        fail("no datagram on stdin");
}

static struct sockaddr_in address_of(const char *host, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        fail(host);
    return address;
}

static uint64_t next_random(void) {
    static uint64_t state = 0x9E3779B97F4A7C15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Writes the headers of a forged datagram; the kernel adds length and checksum of IP, and UDP may have none. */
static void forge(uint8_t *packet, size_t length, const struct sockaddr_in *from, const struct sockaddr_in *to) {
    struct iphdr *ip = (struct iphdr *)packet;
    struct udphdr *udp = (struct udphdr *)(packet + sizeof(*ip));
    uint64_t chance = next_random();
    memset(packet, 0, HEADERS);
    ip->version = 4;
    ip->ihl = 5;
    ip->ttl = 64;
    ip->protocol = IPPROTO_UDP;
    ip->saddr = from->sin_addr.s_addr != 0 ? from->sin_addr.s_addr : htonl(0x7F100000 | (chance & 0xFFFFF));
    ip->daddr = to->sin_addr.s_addr;
    udp->source = from->sin_addr.s_addr != 0 ? from->sin_port : htons(1024 + (chance >> 32) % 64000);
    udp->dest = to->sin_port;
    udp->len = htons(sizeof(*udp) + length);
}

static void read_answers(const int *sockets, int socket_count) {
    static uint8_t answer[2048];
    ssize_t length;
    for (int i = 0; i < socket_count; i++)
        while ((length = recv(sockets[i], answer, sizeof(answer), MSG_DONTWAIT)) >= 0)
            answered_bytes += length;
}

static void send_batch(int fd, const struct sockaddr_in *from, struct sockaddr_in *to, size_t *place, int forging) {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH][2];
    static uint8_t headers[BATCH][HEADERS];
    size_t first = *place;
    memset(messages, 0, sizeof(messages));
    for (int i = 0; i < BATCH; i++, *place = (*place + 1) % count) {
        parts[i][0] = (struct iovec){headers[i], HEADERS};
        parts[i][1] = (struct iovec){datagrams[*place], lengths[*place]};
        if (forging)
            forge(headers[i], lengths[*place], from, to);
        messages[i].msg_hdr.msg_name = to;
        messages[i].msg_hdr.msg_namelen = sizeof(*to);
        messages[i].msg_hdr.msg_iov = &parts[i][!forging];
        messages[i].msg_hdr.msg_iovlen = 1 + forging;
    }
    int done = sendmmsg(fd, messages, BATCH, 0);
    if (done < 0)
        done = 0;
    for (int i = 0; i < done; i++)
        sent_bytes += lengths[(first + i) % count];
    sent += done;
    failed += BATCH - done;
}

int main(int argc, char **argv) {
    static int sockets[MOST_SOCKETS];
    if (argc != 8) {
        fprintf(stderr, "usage: flood HOST PORT SECONDS RATE from|forge SOURCE SOCKETS|PORT\n");
        return 2;
    }
    struct sockaddr_in to = address_of(argv[1], atoi(argv[2]));
    double seconds = atof(argv[3]), rate = atof(argv[4]);
    int forging = strcmp(argv[5], "forge") == 0;
    struct sockaddr_in from = address_of(argv[6], forging ? atoi(argv[7]) : 0);
    int socket_count = forging ? 1 : atoi(argv[7]);
    if (socket_count < 1 || socket_count > MOST_SOCKETS)
        fail("number of sockets");
    read_datagrams();
    for (int i = 0; i < socket_count; i++) {
        sockets[i] = forging ? socket(AF_INET, SOCK_RAW, IPPROTO_RAW) : socket(AF_INET, SOCK_DGRAM, 0);
        if (sockets[i] < 0 || (!forging && bind(sockets[i], (struct sockaddr *)&from, sizeof(from)) < 0))
            fail("socket");
    }
    double began_s = now_s(), passed_s;
    size_t place = 0;
    for (uint64_t turn = 0; (passed_s = now_s() - began_s) < seconds; turn++) {
        if (rate > 0 && sent + failed > rate * passed_s) {
            usleep(500);
            continue;
        }
        send_batch(sockets[turn % socket_count], &from, &to, &place, forging);
        if (!forging && turn % 16 == 0)
            read_answers(sockets, socket_count);
    }
    if (!forging) {
        usleep(200000);
        read_answers(sockets, socket_count);
    }
    printf("{\"sent\": %llu, \"sent_bytes\": %llu, \"answered_bytes\": %llu, \"failed\": %llu}\n", (unsigned long long)sent,
           (unsigned long long)sent_bytes, (unsigned long long)answered_bytes, (unsigned long long)failed);
    return 0;
}
