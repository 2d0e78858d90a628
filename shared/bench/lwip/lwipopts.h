// The options of lwIP for the bench: the raw API in one thread, TCP over IPv4 alone,
// and nothing that would hold it back. What is not set here is as lwIP ships it.
#ifndef BENCH_LWIPOPTS_H
#define BENCH_LWIPOPTS_H

// BUFFER is the window and the send buffer of a connection in bytes. lwIP fixes them when
// it is compiled: see build.sh.
#ifndef BUFFER
#define BUFFER 65536
#endif

// No operating system under it, no locks, no threads, no other API.
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

// No debugging, no counters.
#define LWIP_NOASSERT 1
#define LWIP_STATS 0

// ARP, IPv4 with reassembly, ICMP, UDP and TCP.
#define LWIP_IPV6 0
#define LWIP_UDP 1
#define LWIP_RAW 0
#define LWIP_ICMP 1
#define ARP_QUEUEING 1

// TCP: a full Ethernet frame each segment, window scaling, SACK blocks out (lwIP does
// not use those that come in), no timestamps, a 60 s MSL, as by default.
#define TCP_MSS 1460
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE (BUFFER > 524288 ? 5 : BUFFER > 65536 ? 4 : 1)
#define TCP_WND BUFFER
#define TCP_SND_BUF BUFFER
#define TCP_SND_QUEUELEN (4 * (TCP_SND_BUF) / TCP_MSS)
#define TCP_SNDLOWAT 16384 // for the socket API, which checks it even where it is not there
#define TCP_QUEUE_OOSEQ 1
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_TIMESTAMPS 0
#define TCP_LISTEN_BACKLOG 1
#define TCP_DEFAULT_LISTEN_BACKLOG 255 // as many as it can count

// Memory. 12,000 connections, those in TIME-WAIT among them: where all are in use, the
// oldest of TIME-WAIT goes. Packets that are sent come from bench_malloc (main.c).
#define MEM_ALIGNMENT 16
#define MEM_LIBC_MALLOC 1
#define mem_clib_malloc bench_malloc
#define mem_clib_free bench_free
#define mem_clib_calloc bench_calloc
#define MEMP_NUM_TCP_PCB 12000
#define MEMP_NUM_TCP_PCB_LISTEN 8
#define MEMP_NUM_TCP_SEG 65000
#define MEMP_NUM_PBUF 65000 // references to data that is not copied
#define PBUF_POOL_SIZE 16384
#define PBUF_POOL_BUFSIZE 1536 // a whole frame
#define LWIP_PBUF_REF_T u16_t

// The checksums are computed and checked by software, with the sum of main.c, which is
// faster than the best of lwIP's own. While data is copied it is summed up.
#define LWIP_CHKSUM bench_checksum
#define LWIP_CHECKSUM_ON_COPY 1

// The ARP entry of a connection is remembered in it.
#define LWIP_NETIF_HWADDRHINT 1

#endif
