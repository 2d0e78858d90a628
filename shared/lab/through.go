//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
)

// With "on", the command's own connections go through the part: the part is a proxy on the loopback device of the private
// network, and programs learn of it the way that each of them knows.

// proxychainsConf is for proxychains4, which has programs use a proxy that know of none. It is in the private /run.
const proxychainsConf = "/run/proxychains.conf"

// throughPart prepares the environment of what is started from now on.
func throughPart() error {
	ip, port, _ := strings.Cut(proxyAt, ":")
	conf := fmt.Sprintf("strict_chain\nproxy_dns\n[ProxyList]\nsocks5 %s %s\n", ip, port)
	if err := os.WriteFile(proxychainsConf, []byte(conf), 0o644); err != nil {
		return err
	}
	web, socks := "http://"+proxyAt, "socks5h://"+proxyAt // the h has names resolved at the proxy's end
	for name, value := range map[string]string{
		"http_proxy": web, "https_proxy": web, "HTTPS_PROXY": web,
		"all_proxy": socks, "ALL_PROXY": socks, "no_proxy": "", "NO_PROXY": "",
		"PROXYCHAINS_CONF_FILE": proxychainsConf, "PROXYCHAINS_QUIET_MODE": "1",
	} {
		os.Setenv(name, value)
	}
	return nil
}
