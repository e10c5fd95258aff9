/* A plugin for QEMU's user mode: time passes by one nanosecond with each instruction.
 *
 * In: a program under qemu-aarch64 with `-plugin count.so`. Out: clock_gettime tells the instructions
 * executed so far, in place of any clock, so whatever the program itself measures comes out in
 * instructions, split as finely as it looks at its clock, and the same in every run. What can fail:
 * an emulator whose memory the plugin cannot reach, or that answers clock_gettime without a system call (QEMU
 * 8.2 and later); the first is said on standard error, the second shows as times that differ from run to run.
 *
 *   cc -shared -fPIC -O2 count.c -o count.so
 *
 * Exact for one thread: the counter is not atomic. The interface is that of QEMU 7.2's qemu-plugin.h. */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef uint64_t id;
struct qemu_plugin_tb;
enum { ADD_U64 = 0 };
typedef void on_syscall(id, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
extern void qemu_plugin_register_vcpu_tb_trans_cb(id, void (*)(id, struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
extern void qemu_plugin_register_vcpu_syscall_cb(id, on_syscall *);
extern void qemu_plugin_register_vcpu_syscall_ret_cb(id, void (*)(id, unsigned, int64_t, int64_t));
extern void qemu_plugin_register_atexit_cb(id, void (*)(id, void *), void *);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { CLOCK_GETTIME = 113 /* of 64-bit ARM */, THREADS = 64 };
static uint64_t count;
static struct timespec *asked[THREADS];

static void translated(id self, struct qemu_plugin_tb *tb) {
    (void)self;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, ADD_U64, &count, qemu_plugin_tb_n_insns(tb));
}

static void asks(id self, unsigned thread, int64_t number, uint64_t clock, uint64_t answer, uint64_t c, uint64_t d,
                 uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
    (void)self, (void)clock, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
    if (number == CLOCK_GETTIME && thread < THREADS)
        asked[thread] = (struct timespec *)(uintptr_t)answer; /* in user mode the guest's memory is ours */
}

static void answered(id self, unsigned thread, int64_t number, int64_t result) {
    (void)self;
    if (number != CLOCK_GETTIME || thread >= THREADS || result != 0 || !asked[thread])
        return;
    asked[thread]->tv_sec = (time_t)(1 + count / 1000000000);
    asked[thread]->tv_nsec = (long)(count % 1000000000);
    asked[thread] = NULL;
}

static void finished(id self, void *unused) {
    (void)self, (void)unused;
    fprintf(stderr, "%" PRIu64 " instructions\n", count);
}

__attribute__((visibility("default"))) int qemu_plugin_install(id self, const void *info, int argc, char **argv) {
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(self, translated);
    qemu_plugin_register_vcpu_syscall_cb(self, asks);
    qemu_plugin_register_vcpu_syscall_ret_cb(self, answered);
    qemu_plugin_register_atexit_cb(self, finished, NULL);
    return 0;
}
