// Echo (RFC 862), discard (RFC 863), daytime (RFC 867) and chargen (RFC 864) on lwIP's
// raw API.

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lwip/pbuf.h"
#include "lwip/tcp.h"

#include "services.h"

// A connection. The pbufs that echo has yet to send back are a list, linked by next.
// They are not a chain in lwIP's sense: that holds 64 KB at most.
struct conn {
	struct tcp_pcb *pcb;
	struct pbuf *head, *tail;
	u16_t sent;   // of head
	u8_t eof;     // the peer has closed
	u8_t closing; // we close, and lwIP had no memory for the FIN so far
	u8_t chargen; // is counted in chargens
};

static unsigned chargens;      // connections of chargen
static struct conn *hanging_up; // the daytime connection that is to be closed

static void conn_free(struct conn *c)
{
	for (struct pbuf *p = c->head, *next; p != NULL; p = next) {
		next = p->next;
		p->next = NULL;
		pbuf_free(p);
	}
	chargens -= c->chargen;
	if (hanging_up == c)
		hanging_up = NULL;
	free(c);
}

// conn_close sends a FIN after what is in the send buffer. lwIP looks after the rest.
static void conn_close(struct conn *c)
{
	tcp_recv(c->pcb, NULL);
	tcp_sent(c->pcb, NULL);
	if (tcp_close(c->pcb) != ERR_OK) {
		c->closing = 1; // on_poll tries again
		return;
	}
	tcp_arg(c->pcb, NULL);
	tcp_err(c->pcb, NULL);
	tcp_poll(c->pcb, NULL, 0);
	conn_free(c);
}

// on_error is called when lwIP has given up the connection already.
static void on_error(void *arg, err_t e)
{
	(void)e;
	if (arg != NULL)
		conn_free(arg);
}

// echo_push sends back what came in, as far as the send buffer goes. The window opens
// for what was sent only, so what is kept is bounded.
static void echo_push(struct conn *c)
{
	while (c->head != NULL) {
		struct pbuf *p = c->head;
		u16_t n = p->len - c->sent;
		if (n > tcp_sndbuf(c->pcb))
			n = tcp_sndbuf(c->pcb);
		if (n == 0 || tcp_write(c->pcb, (char *)p->payload + c->sent, n, TCP_WRITE_FLAG_COPY) != ERR_OK)
			return;
		tcp_recved(c->pcb, n);
		c->sent += n;
		if (c->sent == p->len) {
			c->head = p->next;
			c->sent = 0;
			p->next = NULL;
			pbuf_free(p);
		}
	}
	if (c->eof)
		conn_close(c);
}

static err_t echo_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t e)
{
	struct conn *c = arg;
	(void)pcb;
	(void)e;
	c->eof = p == NULL;
	for (struct pbuf *next; p != NULL; p = next) {
		next = p->next;
		p->next = NULL;
		p->tot_len = p->len;
		if (c->head == NULL)
			c->head = p;
		else
			c->tail->next = p;
		c->tail = p;
	}
	echo_push(c);
	return ERR_OK;
}

static err_t echo_sent(void *arg, struct tcp_pcb *pcb, u16_t n)
{
	(void)pcb;
	(void)n;
	if (((struct conn *)arg)->head != NULL)
		echo_push(arg);
	return ERR_OK;
}

// discard_recv is for chargen, too.
static err_t discard_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t e)
{
	(void)e;
	if (p == NULL) {
		conn_close(arg);
		return ERR_OK;
	}
	tcp_recved(pcb, p->tot_len);
	pbuf_free(p);
	return ERR_OK;
}

// The text of chargen: 95 lines of 72 characters, over and over. A piece of any length up
// to pieceMax can be taken from any place within the first round.
enum { round_len = 95 * 74, piece_max = 44 * TCP_MSS };
static char text[round_len + piece_max];

// in_flight_max bounds what all chargen connections together have in their send buffers,
// so that lwIP's 65,000 segments are enough for everybody.
enum { in_flight_max = 48000 * TCP_MSS };

static void make_text(void)
{
	for (int i = 0; i < (int)sizeof text; i++) {
		int line = i % round_len / 74, column = i % 74;
		text[i] = column == 72 ? '\r' : column == 73 ? '\n' : ' ' + (line + column) % 95;
	}
}

// chargen_push fills the send buffer once a quarter of it is free. It writes full
// segments, large pieces at a time: lwIP walks its queue for every call.
static void chargen_push(struct conn *c)
{
	u32_t used = TCP_SND_BUF - c->pcb->snd_buf; // tcp_sndbuf says 65,535 at most
	u32_t most = in_flight_max / chargens;
	if (most > TCP_SND_BUF)
		most = TCP_SND_BUF;
	if (used > most - most / 4)
		return;
	u16_t mss = tcp_mss(c->pcb);
	while (most - used >= mss) {
		u32_t n = most - used;
		if (n > piece_max)
			n = piece_max;
		n -= n % mss;
		u32_t at = c->sent;
		if (tcp_write(c->pcb, text + at, n, TCP_WRITE_FLAG_COPY) != ERR_OK)
			return; // called again when something is acknowledged, or by on_poll
		c->sent = (at + n) % round_len;
		used += n;
	}
}

static err_t chargen_sent(void *arg, struct tcp_pcb *pcb, u16_t n)
{
	(void)pcb;
	(void)n;
	chargen_push(arg);
	return ERR_OK;
}

// on_poll is called twice a second, in case that lwIP had no memory.
static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
	struct conn *c = arg;
	(void)pcb;
	if (c->closing)
		conn_close(c);
	else if (c->head != NULL)
		echo_push(c);
	else if (c->chargen)
		chargen_push(c);
	return ERR_OK;
}

static struct conn *conn_new(struct tcp_pcb *pcb, tcp_recv_fn recv, tcp_sent_fn sent)
{
	struct conn *c = calloc(1, sizeof *c);
	if (c == NULL)
		return NULL;
	c->pcb = pcb;
	tcp_arg(pcb, c);
	tcp_recv(pcb, recv);
	tcp_sent(pcb, sent);
	tcp_err(pcb, on_error);
	tcp_poll(pcb, on_poll, 1);
	tcp_nagle_disable(pcb);
	return c;
}

static err_t echo_accept(void *arg, struct tcp_pcb *pcb, err_t e)
{
	(void)arg;
	return e == ERR_OK && conn_new(pcb, echo_recv, echo_sent) != NULL ? ERR_OK : ERR_MEM;
}

static err_t discard_accept(void *arg, struct tcp_pcb *pcb, err_t e)
{
	(void)arg;
	return e == ERR_OK && conn_new(pcb, discard_recv, NULL) != NULL ? ERR_OK : ERR_MEM;
}

static err_t chargen_accept(void *arg, struct tcp_pcb *pcb, err_t e)
{
	(void)arg;
	struct conn *c = e == ERR_OK ? conn_new(pcb, discard_recv, chargen_sent) : NULL;
	if (c == NULL)
		return ERR_MEM;
	c->chargen = 1;
	chargens++;
	chargen_push(c);
	return ERR_OK;
}

static err_t daytime_accept(void *arg, struct tcp_pcb *pcb, err_t e)
{
	(void)arg;
	struct conn *c = e == ERR_OK ? conn_new(pcb, discard_recv, NULL) : NULL;
	if (c == NULL)
		return ERR_MEM;
	char line[32];
	time_t now = time(NULL);
	size_t n = strftime(line, sizeof line, "%Y-%m-%d %H:%M:%S UTC\r\n", gmtime(&now));
	if (tcp_write(pcb, line, n, TCP_WRITE_FLAG_COPY) != ERR_OK) {
		conn_free(c);
		tcp_arg(pcb, NULL);
		return ERR_MEM;
	}
	hanging_up = c; // lwIP has still to deal with the frame that opened the connection
	return ERR_OK;
}

void services_deferred(void)
{
	if (hanging_up != NULL) {
		struct conn *c = hanging_up;
		hanging_up = NULL;
		conn_close(c);
	}
}

void services_start(void)
{
	static const struct {
		u16_t port;
		tcp_accept_fn accept;
	} services[] = {{7, echo_accept}, {9, discard_accept}, {13, daytime_accept}, {19, chargen_accept}};
	make_text();
	for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
		struct tcp_pcb *pcb = tcp_new();
		if (pcb == NULL || tcp_bind(pcb, IP_ADDR_ANY, services[i].port) != ERR_OK ||
		    (pcb = tcp_listen(pcb)) == NULL)
			errx(1, "port %d: lwIP does not listen", services[i].port);
		tcp_accept(pcb, services[i].accept);
	}
}
