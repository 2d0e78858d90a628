package stack

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// certificate makes a certificate for the name "stack", signed by itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"stack"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// crypto/tls works on our connections as on those of package net: 1 MB in each direction
// at once, and its own farewell before the FIN. A byte out of place would end it.
//
// Can: be used by any Go program that takes a net.Conn or a net.Listener, such as crypto/tls
func TestTLS(t *testing.T) {
	const size = 1 << 20
	onPair(t, func(p *pair) {
		cert, pool := certificate(t)
		ours, peer := p.connect(443)
		server := tls.Server(ours, &tls.Config{Certificates: []tls.Certificate{cert}})
		client := tls.Client(peer, &tls.Config{RootCAs: pool, ServerName: "stack"})
		// A handshake has a lock that Read and Write would wait for, and in a bubble time
		// stands still as long as anybody waits for a lock.
		shaken := make(chan error, 1)
		go func() { shaken <- server.Handshake() }()
		if err := errors.Join(client.Handshake(), <-shaken); err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 4)
		for i, c := range []*tls.Conn{server, client} {
			go func() { errs <- suite.SendStream(c, byte(i), size) }()
			go func() { errs <- suite.ReceiveStream(c, byte(1-i), size, func() {}) }()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if err := errors.Join(server.Close(), client.Close()); err != nil {
			t.Error(err)
		}
	})
}
