/*
 * Preloaded into User-mode Linux on processors with AMX: there the registers of a process take more room than Debian's UML kernel has, it
 * sets a part of them, and the host refuses that, which UML takes for a reason to panic. This sets the part it means, and leaves the rest.
 * [ptrace(2), PTRACE_SETREGSET]
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifndef NT_X86_XSTATE
#define NT_X86_XSTATE 0x202
#endif

typedef long (*ptrace_call)(int request, pid_t pid, void *address, void *data);

long ptrace(enum __ptrace_request request, ...)
{
	static ptrace_call original;
	static char whole[65536];
	va_list arguments;

	va_start(arguments, request);
	pid_t pid = va_arg(arguments, pid_t);
	void *address = va_arg(arguments, void *);
	void *data = va_arg(arguments, void *);
	va_end(arguments);
	if (!original)
		original = (ptrace_call)dlsym(RTLD_NEXT, "ptrace");
	if (request != PTRACE_SETREGSET || (long)address != NT_X86_XSTATE)
		return original(request, pid, address, data);

	struct iovec *part = data;
	struct iovec all = { whole, sizeof whole };
	if (original(PTRACE_GETREGSET, pid, address, &all) != 0 || all.iov_len <= part->iov_len)
		return original(request, pid, address, data);
	memcpy(whole, part->iov_base, part->iov_len);
	return original(request, pid, address, &all);
}
