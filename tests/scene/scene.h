/* SPDX-License-Identifier: MIT */
/* What the files of the scene maker share. */
#ifndef SCENE_H
#define SCENE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct addr {
	struct sockaddr_storage ss;
	socklen_t len;
	int type, protocol;
};

struct shared {				/* between the scene and its children */
	struct addr tcp, un, dgram;	/* the last listener, the last dgram server */
};

struct scene {
	struct shared *last;
	const char *what;		/* the thing being made */
	int fds[4096], n_fds;
	int fd;				/* the last socket made */
	int tcp, un;			/* the last listeners of this process */
	int client, server;		/* the last connection */
	pid_t children[256];
	int n_children;
	char *args;			/* the area of argv, for argv0= */
	size_t args_len;
};

/* A factory gives 0 or a negative errno. Tables end with a NULL name. */
struct thing {
	const char *name;
	int (*make)(struct scene *s, const char *arg);
};
extern const struct thing things_inet[], things_local[], things_hold[];

/* Number of ",key=N" in a thing's argument (",key" alone: 1), else def. */
long option_number(const char *arg, const char *key, long def);
/* Text of ",key=value", or NULL. */
const char *option(const char *arg, const char *key, char *buf, size_t size);
/* Undoes \xNN and \\ up to the first comma; returns the length. */
size_t unescape(const char *s, char *out, size_t size);
/* "127.0.0.1:80" "[::1]:80" "*:80" (dual stack), port 0 where none is given. */
int parse_inet(const char *arg, struct addr *a);
void parse_unix(const char *arg, struct addr *a);

/* The line of facts about a socket: held is "fd", "ring" … */
void say(struct scene *s, const char *role, int fd, const char *held);
/* Says it and remembers it as the last one; 0. */
int keep(struct scene *s, const char *role, int fd);
void drop(struct scene *s, int fd);
int plain(struct scene *s, int family, int type, int protocol);
int wait_for(int fd, short events);
int accept_one(struct scene *s, int listener);

/* fork(): the child dies with its parent. */
pid_t child(struct scene *s);
_Noreturn void rest(void);
/* Waits for the byte a child sends when it has made its things. */
int child_done(int pipe_read);

int tcp_listen(struct scene *s, const char *arg);
int tcp_conn(struct scene *s, const char *arg);
int unix_pair(struct scene *s, const char *arg);

#endif
