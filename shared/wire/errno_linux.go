package wire

import "syscall"

// errRemoved is what Linux gives for a TAP that has been deleted.
const errRemoved = syscall.EBADFD
