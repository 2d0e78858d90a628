package apps

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// Dial opens a connection, as net.Dialer's DialContext does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Get fetches a page with the web client of package net/http, and writes it to out.
func Get(ctx context.Context, dial Dial, u *url.URL, out io.Writer) error {
	transport := &http.Transport{DialContext: dial}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(out, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= 400 {
		return fmt.Errorf("GET %v: the server says %s", u, response.Status)
	}
	return nil
}
