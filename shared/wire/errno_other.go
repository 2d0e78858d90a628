//go:build !linux

package wire

import "syscall"

// errRemoved stands for Linux's EBADFD, which other systems do not have.
const errRemoved = syscall.EBADF
