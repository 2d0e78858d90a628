// Package browser has the tests of shared/page in a real browser: Chromium, without a window. It is a module of its own,
// so that only who runs these tests needs the driver:
//
//	go -C shared/page/browser test ./...
//
// With -args -shots DIR they leave pictures of the page in DIR, for somebody to look at.
package browser
