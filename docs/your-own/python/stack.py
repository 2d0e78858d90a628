#!/usr/bin/env python3
"""Where a stack of your own may begin: it answers the question who has 10.0.0.4, and nothing else.

    go run ./shared/grade -part 1 -only 'arp: a question is answered' -- python3 docs/your-own/python/stack.py
"""

import os

OUR_MAC = bytes.fromhex("020000000004")
OUR_IP = bytes([10, 0, 0, 4])
CABLE = 3  # the descriptor: one read, one frame; one write, one frame


def main():
    while frame := os.read(CABLE, 2048):  # nothing: the other end is gone
        if answer := receive(frame):
            os.write(CABLE, answer)


def receive(frame):
    """Looks at a frame, and returns what has to be said to it."""
    if len(frame) < 14:
        return None  # shorter than Ethernet's header: to whom, from whom, what
    ether_type = frame[12:14]
    if ether_type == b"\x08\x06":
        return receive_arp(frame[14:])
    return None  # IPv4 is 0x0800: docs/2-ipv4-icmp.md


def receive_arp(b):
    """Answers a question for our address (RFC 826)."""
    if len(b) < 28 or b[0:8] != bytes([0, 1, 8, 0, 6, 4, 0, 1]):
        return None  # no question about IPv4 addresses and Ethernet's
    sha, spa, tpa = b[8:14], b[14:18], b[24:28]
    if tpa != OUR_IP:
        return None  # for somebody else
    header = sha + OUR_MAC + b"\x08\x06"
    return header + bytes([0, 1, 8, 0, 6, 4, 0, 2]) + OUR_MAC + OUR_IP + sha + spa  # 2 is the answer


if __name__ == "__main__":
    main()
