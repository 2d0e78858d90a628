package apps

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"
)

// SOCKS 5 (RFC 1928), without authentication, and with CONNECT alone.
const (
	socksVersion      = 5
	socksNoAuth       = 0x00 // METHOD "no authentication required"
	socksNoAcceptable = 0xff // METHOD "no acceptable methods"
	socksConnect      = 1    // CMD

	// ATYP
	socksIPv4 = 1
	socksName = 3
	socksIPv6 = 4

	// REP
	socksSucceeded       = 0
	socksFailure         = 1
	socksNoNetwork       = 3
	socksNoHost          = 4
	socksRefused         = 5
	socksTTLExpired      = 6
	socksNoCommand       = 7
	socksNoSuchAddresses = 8
)

// socksError is what a request is refused with.
type socksError byte

func (e socksError) Error() string { return "SOCKS reply " + strconv.Itoa(int(e)) }

// serveSOCKS does what a client asks for. "When a reply (REP value other than X'00') indicates a failure, the SOCKS
// server MUST terminate the TCP connection shortly after sending the reply." (RFC 1928 6)
func serveSOCKS(c net.Conn, dial Dial) {
	_ = c.SetDeadline(time.Now().Add(proxyPatience))
	address, err := readSOCKS(c)
	if refused := socksError(0); errors.As(err, &refused) {
		writeSOCKS(c, byte(refused), nil)
		return
	} else if err != nil {
		return // he has said too little, and gets no answer
	}
	peer, err := reach(context.Background(), dial, address)
	if err != nil {
		writeSOCKS(c, socksReason(err), nil)
		return
	}
	defer peer.Close()
	_ = c.SetDeadline(time.Now().Add(proxyPatience))
	if writeSOCKS(c, socksSucceeded, peer.LocalAddr()) != nil {
		reset(peer)
		return
	}
	_ = c.SetDeadline(time.Time{})
	tunnel(c, peer)
}

// readSOCKS agrees on no authentication and reads the request:
//
//	+-----+----------+----------+            +-----+-----+-------+------+----------+----------+
//	| VER | NMETHODS | METHODS  |            | VER | CMD |  RSV  | ATYP | DST.ADDR | DST.PORT |
//	+-----+----------+----------+  and then  +-----+-----+-------+------+----------+----------+
//	|  1  |    1     | 1 to 255 |            |  1  |  1  | X'00' |  1   | Variable |    2     |
//	+-----+----------+----------+            +-----+-----+-------+------+----------+----------+
//
// It returns host and port, as net.Dial takes them.
func readSOCKS(c net.Conn) (address string, err error) {
	b := make([]byte, 256)
	read := func(n int) []byte {
		if err == nil {
			_, err = io.ReadFull(c, b[:n])
		}
		return b[:n]
	}
	methods := read(2)[1]
	method := byte(socksNoAcceptable)
	for _, m := range read(int(methods)) {
		if err == nil && m == socksNoAuth {
			method = socksNoAuth
		}
	}
	if err != nil {
		return "", err
	}
	if _, err := c.Write([]byte{socksVersion, method}); err != nil {
		return "", err
	}
	if method == socksNoAcceptable {
		return "", errors.New("no method that we know")
	}
	request := read(4)
	version, command, kind := request[0], request[1], request[3]
	var host string
	switch kind {
	case socksIPv4:
		host = netip.AddrFrom4([4]byte(read(4))).String()
	case socksIPv6:
		host = netip.AddrFrom16([16]byte(read(16))).Unmap().String()
	case socksName:
		host = string(read(int(read(1)[0])))
	default:
		if err == nil {
			err = socksError(socksNoSuchAddresses)
		}
	}
	port := binary.BigEndian.Uint16(read(2))
	switch {
	case err != nil:
		return "", err
	case version != socksVersion:
		return "", socksError(socksFailure)
	case command != socksConnect:
		return "", socksError(socksNoCommand)
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port))), nil
}

// writeSOCKS sends the reply, in which BND.ADDR and BND.PORT are those of our end of the connection with the peer.
func writeSOCKS(c net.Conn, reply byte, from net.Addr) error {
	bound := netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	if tcp, ok := from.(*net.TCPAddr); ok {
		if at := tcp.AddrPort(); at.Addr().Unmap().Is4() {
			bound = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
		}
	}
	ip := bound.Addr().As4()
	b := append([]byte{socksVersion, reply, 0, socksIPv4}, ip[:]...)
	_, err := c.Write(binary.BigEndian.AppendUint16(b, bound.Port()))
	return err
}

// socksReason says with the reply's few words why a peer cannot be reached.
func socksReason(err error) byte {
	unknown := (*net.DNSError)(nil)
	address := (*net.AddrError)(nil)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return socksRefused
	case errors.Is(err, syscall.ENETUNREACH):
		return socksNoNetwork
	case errors.Is(err, syscall.EHOSTUNREACH), errors.As(err, &unknown):
		return socksNoHost
	case errors.As(err, &address):
		return socksNoSuchAddresses
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return socksTTLExpired
	}
	return socksFailure
}
