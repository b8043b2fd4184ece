"""The system calls of a worker and of a recorder, as tables for `seccomp.py`."""

from __future__ import annotations

PER_PACKET = (
    "recvmmsg",
    "sendmmsg",
    "epoll_wait",
    "epoll_pwait",
    "read",
    "write",
    "futex",
    "sendmsg",
    "recvmsg",
)
"""The calls that the media path makes all the time: the filter looks for them first."""

ALLOWED = (
    # memory and threads of its own; clone, mmap's neighbour, is restricted to threads
    *("mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "membarrier"),
    *("futex", "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "gettid", "getpid"),
    *("sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "getcpu"),
    *("exit", "exit_group", "restart_syscall", "arch_prctl"),
    # signals of its own
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "sigaltstack"),
    # descriptors that are open
    *("read", "write", "readv", "writev", "pread64", "pwrite64", "lseek", "close", "close_range", "fcntl"),
    *("dup", "dup2", "dup3", "pipe", "pipe2", "eventfd", "eventfd2", "timerfd_create", "timerfd_settime"),
    *("poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait"),
    *("epoll_pwait", "epoll_pwait2"),
    # sockets: which ones may be made is restricted below, and none may connect
    *("socketpair", "bind", "listen", "accept", "accept4", "getsockname", "getpeername", "setsockopt"),
    *("getsockopt", "shutdown", "recvfrom", "recvmsg", "recvmmsg"),
    # questions about files, most of which are asked before something is opened to read
    *("stat", "lstat", "fstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink"),
    *("readlinkat", "getcwd", "getdents64", "fstatfs"),
    # the clock, the machine, itself
    *("clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "getrandom"),
    *("uname", "sysinfo", "getrusage", "times", "getuid", "geteuid", "getgid", "getegid", "getppid"),
    *("getresuid", "getresgid", "getpgrp", "getpriority", "capget"),
)

WRITING = (
    *("open", "openat", "creat", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "rename", "renameat"),
    *("renameat2", "ftruncate", "truncate", "fallocate", "fsync", "fdatasync", "fadvise64"),
    *(
        "sync_file_range",
        "statfs",
        "flock",
        "pwritev",
        "preadv",
        "copy_file_range",
        "chdir",
        "fchdir",
        "umask",
    ),
    *("ioprio_get", "setpriority", "getrlimit"),
)
"""The calls of a recorder beside those; where it may write is for Landlock to say."""

RUNNING = (
    *("clone", "vfork", "fork", "execve", "wait4", "waitid", "kill", "tgkill", "prctl", "ioctl", "setsid"),
    *("sched_setaffinity", "sched_setscheduler", "getgroups", "getpgid", "getsid", "mbind"),
    *("get_mempolicy", "set_mempolicy", "mlock", "pause", "alarm", "setitimer"),
)
"""The calls that run ffmpeg, and those that it makes itself, for it inherits the filter."""

FATAL = (
    *("execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp"),
    *("mount", "umount2", "move_mount", "open_tree", "fsopen", "fsmount", "pivot_root", "chroot", "setns"),
    *("unshare", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key"),
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "iopl"),
    *("ioperm", "acct", "swapon", "swapoff", "quotactl", "syslog", "open_by_handle_at", "settimeofday"),
    *("clock_settime", "clock_adjtime", "adjtimex"),
)
"""Calls that only a process makes which is somebody else's by now: it is killed (SIGSYS), and its rooms move.

Whatever stands in no table is answered with ENOSYS instead, as by an older kernel: C libraries that are newer
than this list try a new call first, and then do without it. A library that does more than we know thus gets
an error, and does not take a worker down.
"""
