// The services that are measured.
#ifndef BENCH_SERVICES_H
#define BENCH_SERVICES_H

// services_start listens on the ports of echo, discard, daytime and chargen.
void services_start(void);

// services_deferred does what could not be done within lwIP's input: to be called after
// each frame.
void services_deferred(void);

#endif
