#include <libpq-fe.h>
// The reactor's own system calls: Swift's Glibc module does not export these headers.
#include <sys/epoll.h>
#include <sys/eventfd.h>
