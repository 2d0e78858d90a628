//go:build linux

package tap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// patience is for whatever happens at once, where the computer has nothing else to do.
const patience = time.Minute

var host = netip.MustParsePrefix("10.0.0.1/24")

// up opens tap0 with the address host and waits until frames pass.
func up(t *testing.T) *Device {
	t.Helper()
	d := openTap(t, "tap0")
	if err := d.Configure(host, 1500); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := d.WaitUp(ctx); err != nil {
		t.Fatal(err)
	}
	return d
}

// ping makes the kernel send something to 10.0.0.4: an ARP request, as nobody
// has told it yet where that is.
func ping(t *testing.T) {
	t.Helper()
	c, err := net.Dial("udp", "10.0.0.4:9")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Write([]byte("x"))
}

// readFrame reads one frame, or fails the test when none comes.
func readFrame(t *testing.T, d *Device) []byte {
	t.Helper()
	got := make(chan []byte, 1)
	go func() {
		b := make([]byte, 2000)
		n, _ := d.Read(b)
		got <- b[:n]
	}()
	select {
	case b := <-got:
		return b
	case <-time.After(patience):
		t.Fatal("no frame")
		return nil
	}
}

func TestKernelsEndIsConfigured(t *testing.T) {
	d := up(t)
	link, err := netlink.LinkByName("tap0")
	if err != nil {
		t.Fatal(err)
	}
	if got := link.Attrs().HardwareAddr.String(); got != "02:00:0a:00:00:01" {
		t.Errorf("the kernel's MAC is %s", got)
	}
	if mac, err := d.MAC(); err != nil || mac.String() != "02:00:0a:00:00:01" {
		t.Errorf("MAC() = %v, %v", mac, err)
	}
	addrs, err := netlink.AddrList(link, unix.AF_UNSPEC)
	if err != nil || len(addrs) != 1 || addrs[0].IPNet.String() != "10.0.0.1/24" {
		t.Errorf("addresses %v, %v; want 10.0.0.1/24 and no IPv6", addrs, err)
	}
	// A second time, nothing is left to do.
	if err := d.Configure(host, 1500); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := d.Configure(host, 1400); err != nil {
		t.Error(err)
	}
	if link, _ = netlink.LinkByName("tap0"); link.Attrs().MTU != 1400 {
		t.Errorf("MTU %d, want 1400", link.Attrs().MTU)
	}
}

func TestFramesPassBothWays(t *testing.T) {
	d := up(t)
	ping(t)
	question := readFrame(t, d)
	if len(question) != 42 || !bytes.Equal(question[12:14], []byte{0x08, 0x06}) {
		t.Fatalf("the kernel's first frame is % x, want an ARP request", question)
	}
	answer := bytes.Clone(question)
	copy(answer[0:6], question[6:12]) // Ethernet: to who asked, from 02:00:00:00:00:04
	copy(answer[6:12], []byte{2, 0, 0, 0, 0, 4})
	answer[21] = 2 // a reply: 10.0.0.4 is at 02:00:00:00:00:04
	copy(answer[22:32], []byte{2, 0, 0, 0, 0, 4, 10, 0, 0, 4})
	copy(answer[32:42], question[22:32])
	if n, err := d.Write(answer); n != len(answer) || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	datagram := readFrame(t, d) // it waited in the kernel for our answer
	if !bytes.Equal(datagram[12:14], []byte{0x08, 0x00}) || !bytes.HasSuffix(datagram, []byte("x")) {
		t.Errorf("then came % x, want the datagram", datagram)
	}
}

// A burst is taken from the kernel in one go, at most 64 frames at a time.
func TestBuffered(t *testing.T) {
	d := up(t)
	link, _ := netlink.LinkByName("tap0")
	neigh := &netlink.Neigh{LinkIndex: link.Attrs().Index, IP: net.IPv4(10, 0, 0, 4), State: netlink.NUD_PERMANENT,
		HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 4}}
	if err := netlink.NeighSet(neigh); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		ping(t)
	}
	if n := d.Buffered(); n != 0 {
		t.Errorf("before the first Read, %d frames are buffered", n)
	}
	b := make([]byte, 2000)
	for i := range 100 {
		if _, err := d.Read(b); err != nil {
			t.Fatal(err)
		}
		want := maxBuffered - 1 - i
		if i >= maxBuffered {
			want = 100 - 1 - i
		}
		if n := d.Buffered(); n != want {
			t.Fatalf("after %d frames, %d are buffered, want %d", i+1, n, want)
		}
	}
}

// While the link is down, a Read waits and a Write fails with EIO; up again,
// both work.
func TestLinkDownAndUp(t *testing.T) {
	d := up(t)
	link, _ := netlink.LinkByName("tap0")
	if err := netlink.LinkSetDown(link); err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() {
		_, err := d.Read(make([]byte, 2000))
		got <- err
	}()
	if _, err := d.Write(make([]byte, 60)); !errors.Is(err, unix.EIO) {
		t.Errorf("Write while the link is down: %v, want EIO", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := d.WaitUp(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("WaitUp while the link is down: %v", err)
	}
	select {
	case err := <-got:
		t.Fatalf("Read did not wait: %v", err)
	default:
	}
	if err := netlink.LinkSetUp(link); err != nil {
		t.Fatal(err)
	}
	if err := d.WaitUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	ping(t)
	if err := <-got; err != nil {
		t.Errorf("Read after the link is back: %v", err)
	}
	if _, err := d.Write(make([]byte, 60)); err != nil {
		t.Errorf("Write after the link is back: %v", err)
	}
}

func TestDeviceDeleted(t *testing.T) {
	d := up(t)
	got := make(chan error, 1)
	go func() {
		for { // the kernel may have had something to say before
			if _, err := d.Read(make([]byte, 2000)); err != nil {
				got <- err
				return
			}
		}
	}()
	link, _ := netlink.LinkByName("tap0")
	if err := netlink.LinkDel(link); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-got:
		if !errors.Is(err, unix.EBADFD) {
			t.Errorf("Read: %v, want EBADFD", err)
		}
	case <-time.After(patience):
		t.Error("Read still waits for a device that is no more")
	}
	if _, err := d.Write(make([]byte, 60)); !errors.Is(err, unix.EBADFD) {
		t.Errorf("Write: %v, want EBADFD", err)
	}
}

// Also when nobody waits in Read at that moment.
func TestDeviceDeletedBetweenReads(t *testing.T) {
	d := up(t)
	link, _ := netlink.LinkByName("tap0")
	if err := netlink.LinkDel(link); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond) // the runtime's poller hears of it
	for range 2 {
		if _, err := d.Read(make([]byte, 2000)); !errors.Is(err, unix.EBADFD) {
			t.Errorf("Read: %v, want EBADFD", err)
		}
	}
	d.Close()
	if _, err := d.Read(make([]byte, 2000)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read after Close: %v, want os.ErrClosed", err)
	}
}

// prepare makes a device that stays as an administrator would, and returns a queue of it.
func prepare(t *testing.T, device netlink.Tuntap) *os.File {
	t.Helper()
	openTap(t, "tap0").Close() // skips where there are no TAP devices
	device.Flags |= netlink.TUNTAP_NO_PI
	device.Queues = 1
	if err := netlink.LinkAdd(&device); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if link, err := netlink.LinkByName(device.Name); err != nil {
			t.Errorf("%s is gone: %v", device.Name, err)
		} else if err := netlink.LinkDel(link); err != nil {
			t.Error(err)
		}
	})
	return device.Fds[0]
}

// A device that an administrator has prepared can be used, with one queue for frames or with
// several, and is there when we have gone.
func TestPersistentDeviceStays(t *testing.T) {
	for name, flags := range map[string]netlink.TuntapFlag{
		"one queue": netlink.TUNTAP_DEFAULTS, "multi_queue": netlink.TUNTAP_MULTI_QUEUE,
	} {
		t.Run(name, func(t *testing.T) {
			prepared := netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: "tap7"}, Mode: netlink.TUNTAP_MODE_TAP, Flags: flags}
			held := prepare(t, prepared)
			if d, err := Open("tap7", 1500); err == nil {
				d.Close()
				t.Error("Open took a device that another program holds")
			} else if !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), "another program holds this device") {
				t.Errorf("Open, while another program holds it: %v", err)
			}
			held.Close()
			d := openTap(t, "tap7")
			if err := d.Configure(host, 1500); err != nil {
				t.Fatal(err)
			}
			ping(t)
			if b := readFrame(t, d); len(b) != 42 {
				t.Errorf("the kernel's first frame is % x, want an ARP request", b)
			}
			d.Close()
			time.Sleep(10 * time.Millisecond)
		})
	}
}

// A device that was prepared for another user is not ours, and the error says whose it is.
func TestDeviceOfAnotherUser(t *testing.T) {
	owner := netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: "tap7"}, Mode: netlink.TUNTAP_MODE_TAP, Flags: netlink.TUNTAP_DEFAULTS}
	held := prepare(t, owner)
	other := os.Getuid() + 4321
	if err := unix.IoctlSetInt(int(held.Fd()), unix.TUNSETOWNER, other); err != nil {
		held.Close()
		t.Skipf("SKIP: no second user here: %v", err) // an ordinary user's namespace has only one
	}
	held.Close()
	err := withoutRights(func() error {
		d, err := Open("tap7", 1500)
		if err == nil {
			d.Close()
		}
		return err
	})
	if want := fmt.Sprintf("for user %d", other); !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), want) {
		t.Errorf("Open: %v, want something with %q", err, want)
	}
}

// withoutRights runs f in a thread that may not do what root may, and ends the thread.
func withoutRights(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		var none [2]unix.CapUserData
		if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}

// A frame that is longer than the MTU allows can be seen to be so.
func TestGiantCanBeSeen(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(fmt.Sprintf("fd:%d", fds[0]), 1500)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	unix.Write(fds[1], make([]byte, 9000))
	b := make([]byte, 10_000)
	if n, err := d.Read(b); n <= 1514 || err != nil {
		t.Errorf("Read = %d, %v; want more than 1514 bytes", n, err)
	}
	if flags, err := unix.FcntlInt(uintptr(fds[0]), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("the descriptor would be passed on to children: flags %x, %v", flags, err)
	}
	unix.Close(fds[1])
}

func TestCloseEndsRead(t *testing.T) {
	d := openTap(t, "tap0")
	got := make(chan error, 1)
	go func() {
		_, err := d.Read(make([]byte, 2000))
		got <- err
	}()
	time.Sleep(10 * time.Millisecond) // most likely it waits by then; right either way
	d.Close()
	if err := <-got; !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read: %v, want os.ErrClosed", err)
	}
	if _, err := d.Write(make([]byte, 60)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Write: %v, want os.ErrClosed", err)
	}
}

func TestOpenErrors(t *testing.T) {
	prepare(t, netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: "tun7"}, Mode: netlink.TUNTAP_MODE_TUN}).Close()
	openTap(t, "tap0")
	for name, want := range map[string]string{
		"":                 "no name for a device",
		"sixteen-letters.": "no name for a device",
		"a/b":              "no name for a device",
		"a:b":              "no name for a device",
		"..":               "no name for a device",
		"tap0":             "another program holds this device",
		"lo":               "no TAP device",
		"tun7":             "TUN device of that name",
		"all":              "the kernel takes no device of that name", // /proc/sys/net has a folder of that name
		"a\vb":             "no name for a device",
		"fd:":              "number of a descriptor",
		"fd:x":             "number of a descriptor",
		"fd:-1":            "number of a descriptor",
		"fd:999":           "not open",
		"fd:0":             "no datagram or seqpacket socket",
	} {
		d, err := Open(name, 1500)
		if err == nil {
			d.Close()
			t.Errorf("Open(%q) worked", name)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q): %v, want something with %q", name, err, want)
		}
	}
}

// Taking an address block that the machine already uses elsewhere would cut it
// off from its own network.
func TestOverlappingAddressIsRefused(t *testing.T) {
	d := openTap(t, "tap0")
	other := openTap(t, "tap1")
	if err := other.Configure(netip.MustParsePrefix("10.0.0.7/16"), 1500); err != nil {
		t.Fatal(err)
	}
	err := d.Configure(host, 1500)
	if err == nil || !strings.Contains(err.Error(), "tap1") || !strings.Contains(err.Error(), "-host") {
		t.Errorf("Configure: %v, want a refusal that names tap1 and -host", err)
	}
}

// Without a host address nothing is touched but the link, which is brought up.
func TestNoHostAddress(t *testing.T) {
	d := openTap(t, "tap0")
	before, _ := d.MAC()
	if err := d.Configure(netip.Prefix{}, 1500); err != nil {
		t.Fatal(err)
	}
	link, _ := netlink.LinkByName("tap0")
	addrs, err := netlink.AddrList(link, unix.AF_INET)
	if err != nil || len(addrs) != 0 {
		t.Errorf("addresses %v, %v", addrs, err)
	}
	if after, _ := d.MAC(); !bytes.Equal(before, after) {
		t.Errorf("the MAC went from %v to %v", before, after)
	}
	if err := d.WaitUp(t.Context()); err != nil {
		t.Error(err)
	}
}

// socketCable returns a device whose other end is a socket.
func socketCable(t *testing.T) (d *Device, other int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
	if err != nil {
		t.Fatal(err)
	}
	if d, err = Open(fmt.Sprintf("fd:%d", fds[0]), 1500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close(); unix.Close(fds[1]) })
	return d, fds[1]
}

// Who waits for a frame awake does not keep others from sending what will be answered.
func TestPollLetsOthersRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	d, other := socketCable(t)
	b := make([]byte, 2000)
	for range 1000 { // the computer may do something else for as long as busyPoll
		go unix.Write(other, []byte("frame"))
		if d.poll() {
			return
		}
		if _, err := d.Read(b); err != nil {
			t.Fatal(err)
		}
		d.next, d.count = 0, 0 // as Read does before it polls
	}
	t.Error("in 1000 tries no other goroutine had its turn")
}

// A Read that nobody answers sleeps: it must not use the processor all the time.
func TestReadSleeps(t *testing.T) {
	d, other := socketCable(t)
	const pause = 200 * time.Millisecond
	go func() {
		time.Sleep(pause)
		unix.Write(other, []byte("late"))
	}()
	before := processorTime(t)
	b := make([]byte, 2000)
	if n, err := d.Read(b); err != nil || string(b[:n]) != "late" {
		t.Fatalf("Read = %q, %v", b[:n], err)
	}
	if used := processorTime(t) - before; used > pause/2 {
		t.Errorf("waiting for %v took %v of processor time", pause, used)
	}
}

// processorTime returns how much of it the process has used.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func TestSocketAsCable(t *testing.T) {
	for name, kind := range map[string]int{"seqpacket": unix.SOCK_SEQPACKET, "datagram": unix.SOCK_DGRAM} {
		t.Run(name, func(t *testing.T) {
			fds, err := unix.Socketpair(unix.AF_UNIX, kind, 0)
			if err != nil {
				t.Fatal(err)
			}
			d, err := Open(fmt.Sprintf("fd:%d", fds[0]), 1500)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.Configure(host, 1500); err != nil {
				t.Error(err)
			}
			if err := d.WaitUp(t.Context()); err != nil {
				t.Error(err)
			}
			for _, text := range []string{"one", "two", "three"} {
				unix.Write(fds[1], []byte(text))
			}
			b := make([]byte, 2000)
			for i, want := range []string{"one", "two", "three"} {
				n, err := d.Read(b)
				if err != nil || string(b[:n]) != want || d.Buffered() != 2-i {
					t.Errorf("Read = %q, %v with %d more; want %q with %d more", b[:n], err, d.Buffered(), want, 2-i)
				}
			}
			if kind == unix.SOCK_DGRAM {
				unix.Write(fds[1], nil) // a message of no bytes is a message
				if n, err := d.Read(b); n != 0 || err != nil {
					t.Errorf("Read of an empty message = %d, %v", n, err)
				}
			}
			d.Write([]byte("back"))
			if n, err := unix.Read(fds[1], b); err != nil || string(b[:n]) != "back" {
				t.Errorf("the other end read %q, %v", b[:n], err)
			}
			fillUp(t, d)
			unix.Close(fds[1])
			if kind == unix.SOCK_DGRAM {
				if _, err := d.Write(b[:60]); !errors.Is(err, unix.ECONNREFUSED) {
					t.Errorf("Write after the other end is closed: %v, want ECONNREFUSED", err)
				}
				return
			}
			if _, err := d.Read(b); !errors.Is(err, unix.ECONNRESET) {
				t.Errorf("Read after the other end is closed: %v, want ECONNRESET", err)
			}
		})
	}
}

// fillUp writes until the other end, which reads nothing, has no room: then
// frames are lost, and nothing waits.
func fillUp(t *testing.T, d *Device) {
	t.Helper()
	for range 100_000 {
		if _, err := d.Write(make([]byte, 1500)); err != nil {
			if !errors.Is(err, unix.EAGAIN) {
				t.Errorf("Write to a full socket: %v, want EAGAIN", err)
			}
			return
		}
	}
	t.Error("the socket never fills up")
}
