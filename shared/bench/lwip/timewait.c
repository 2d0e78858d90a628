// A client that opens and closes connections fast soon takes a port anew; Linux does
// after some 3,000 connections. The server "MAY accept a new SYN segment from the remote
// TCP endpoint to reopen the connection directly from the TIME-WAIT state" (RFC 9293
// 3.6.1) if its sequence number is larger than all of the old connection's. lwIP does
// not: it acknowledges the old connection, the client answers with a reset, lwIP ignores
// that (RFC 1337), and the client's SYN goes unanswered for a minute or two.
//
// With -reuse the bench ends such a connection before lwIP sees the SYN, as somebody
// would who needs a server for many short connections. Without it lwIP is as it is.

#include <string.h>

#include "lwip/priv/tcp_priv.h"

#include "timewait.h"

enum { ip_at = 14, tcp_at = 34, tcp_header = 20 };

static u16_t get16(const unsigned char *b)
{
	return (u16_t)(b[0] << 8 | b[1]);
}

void timewait_reuse(const unsigned char *frame, size_t len)
{
	const unsigned char *ip = frame + ip_at, *tcp = frame + tcp_at;
	if (len < tcp_at + tcp_header || get16(frame + 12) != 0x0800 || ip[0] != 0x45 || ip[9] != IP_PROTO_TCP ||
	    (tcp[13] & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN)
		return;
	u32_t src, seq = (u32_t)get16(tcp + 4) << 16 | get16(tcp + 6);
	memcpy(&src, ip + 12, 4);
	u16_t from = get16(tcp), to = get16(tcp + 2);
	for (struct tcp_pcb *pcb = tcp_tw_pcbs; pcb != NULL; pcb = pcb->next)
		if (pcb->remote_port == from && pcb->local_port == to && ip4_addr_get_u32(&pcb->remote_ip) == src) {
			if (TCP_SEQ_GT(seq, pcb->rcv_nxt)) {
				tcp_pcb_remove(&tcp_tw_pcbs, pcb);
				tcp_free(pcb);
			}
			return;
		}
}
