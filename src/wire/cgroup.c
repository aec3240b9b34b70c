/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/cgroup -> unit, container, pod. Runtimes and systemd are known by
 * how they name cgroups only; no daemon is asked. Whoever may make cgroups may
 * use such names too, so it is a description, never a proof.
 */
#include <string.h>

#include "wire/lines.h"
#include "wire/procfs.h"

#define ID_LEN 64
#define ID_SHORT 12
#define UID_DIGITS 10

static bool is_id(struct slice s)
{
	if (s.len != ID_LEN)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return true;
}

static bool slice_starts(struct slice s, const char *prefix)
{
	return slice_skip(&s, prefix);
}

static void set_text(char *out, size_t size, struct slice s)
{
	if (is_id(s))
		s.len = ID_SHORT;
	if (s.len >= size)
		s.len = size - 1;
	memcpy(out, s.p, s.len);
	out[s.len] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* systemd writes bytes that a unit name may not have as \xNN. */
static void undo_escapes(char *s)
{
	char *out = s;

	while (*s) {
		int hi = s[0] == '\\' && s[1] == 'x' ? hex_digit(s[2]) : -1;
		int lo = hi >= 0 ? hex_digit(s[3]) : -1;

		if (lo < 0 || hi + lo == 0) {
			*out++ = *s++;
			continue;
		}
		*out++ = (char)(hi << 4 | lo);
		s += 4;
	}
	*out = '\0';
}

/* One path while it is read from the root on. */
struct walk {
	struct slice parent;
	struct slice manager;		/* uid of the user's that was come by, or empty */
	unsigned depth;
	bool in_pods;
};

/* Runtimes that put their name before the id, "-conmon" being their monitor. */
static bool by_prefix(struct slice e, struct procfs_cgroup *ret)
{
	static const struct { const char *prefix, *runtime; } known[] = {
		{ "docker-", "docker" }, { "libpod-", "podman" }, { "crio-", "cri-o" },
		{ "cri-containerd-", "containerd" }, { "nerdctl-", "containerd" },
	};
	struct slice id;

	slice_drop(&e, ".scope");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		id = e;
		if (!slice_skip(&id, known[i].prefix) || !is_id(id))
			continue;
		set_text(ret->container, sizeof(ret->container), id);
		ret->runtime = known[i].runtime;
		return true;
	}
	return false;
}

/* "/docker/ID", "/kubepods/…/podUID/ID" (of which runtime, it does not say),
 * "/NAMESPACE/ID", and "SLICE:NAMESPACE:ID" of a runc told to use systemd. */
static bool by_bare_id(const struct walk *w, struct slice e, struct procfs_cgroup *ret)
{
	const char *colon = memrchr(e.p, ':', e.len);
	bool cut = colon != NULL;

	if (colon)
		e = (struct slice){ colon + 1, e.len - (size_t)(colon + 1 - e.p) };
	if (!is_id(e))
		return false;
	set_text(ret->container, sizeof(ret->container), e);
	if (slice_is(w->parent, "docker"))
		ret->runtime = "docker";
	else if (cut || (w->depth == 1 && !w->in_pods))
		ret->runtime = "containerd";
	else
		ret->runtime = NULL;
	return true;
}

static bool by_lxc(const struct walk *w, struct slice e, struct procfs_cgroup *ret)
{
	bool below = (w->depth == 1 && slice_is(w->parent, "lxc")) ||
		     slice_is(w->parent, "lxc.payload");

	if (!slice_skip(&e, "lxc.payload.") && !below)
		return false;
	set_text(ret->container, sizeof(ret->container), e);
	ret->runtime = "lxc";
	return e.len > 0;
}

static bool by_machine(const struct walk *w, struct slice e, struct procfs_cgroup *ret)
{
	struct slice name = e;

	if (!slice_is(w->parent, "machine.slice"))
		return false;
	if (!(slice_skip(&name, "machine-") && slice_drop(&name, ".scope")) &&
	    !(slice_skip(&name, "systemd-nspawn@") && slice_drop(&name, ".service")))
		return false;
	if (!name.len)
		return false;
	set_text(ret->container, sizeof(ret->container), name);
	undo_escapes(ret->container);
	ret->runtime = slice_starts(name, "qemu\\x2d") || slice_starts(name, "lxc\\x2d") ?
		       "libvirt" : "nspawn";
	return true;
}

/* "kubepods-QOS-podUID.slice" (with _ for -), "podUID", "libpod_pod_ID.slice". */
static bool by_pod(const struct walk *w, struct slice e, struct procfs_cgroup *ret)
{
	struct slice uid = e;
	const char *at;

	if (slice_skip(&uid, "libpod_pod_") && (slice_drop(&uid, ".slice"), is_id(uid))) {
		set_text(ret->pod, sizeof(ret->pod), uid);
		return true;
	}
	uid = e;
	if (slice_starts(e, "kubepods") && slice_drop(&uid, ".slice")) {
		at = memmem(uid.p, uid.len, "-pod", 4);
		uid = at ? (struct slice){ at + 4, uid.len - (size_t)(at + 4 - uid.p) } :
			   (struct slice){ 0 };
	} else if (!w->in_pods || !slice_skip(&uid, "pod")) {
		return false;
	}
	if (!uid.len)
		return false;
	set_text(ret->pod, sizeof(ret->pod), uid);
	for (char *c = ret->pod; *c; c++)
		if (*c == '_')
			*c = '-';
	return true;
}

/* "user-UID.slice/user@UID.service": below it is what that user makes, so the first one
 * counts. */
static void find_manager(struct walk *w, struct slice e)
{
	struct slice user = w->parent, uid = e;
	uint64_t v;

	if (!w->manager.len && slice_skip(&user, "user-") && slice_drop(&user, ".slice") &&
	    slice_skip(&uid, "user@") && slice_drop(&uid, ".service") &&
	    uid.len == user.len && !memcmp(uid.p, user.p, uid.len) &&
	    uid.len <= UID_DIGITS && slice_u64(uid, UINT32_MAX - 1, &v))
		w->manager = uid;
}

/* A name that could be taken for one of cgroupfs' own files has a leading _. */
static void take_unit(const struct walk *w, struct slice e, struct procfs_cgroup *ret)
{
	struct slice stem;

	slice_skip(&e, "_");
	stem = e;
	if ((slice_drop(&stem, ".service") || slice_drop(&stem, ".scope")) && stem.len &&
	    !slice_is(e, "init.scope")) {
		set_text(ret->unit, sizeof(ret->unit), e);
		set_text(ret->manager, sizeof(ret->manager), w->manager);
	}
}

/* What is innermost counts: containers hold containers. */
static void read_path(struct slice path, struct procfs_cgroup *ret)
{
	struct walk w = { .manager = { "", 0 } };
	struct slice e;

	slice_drop(&path, " (deleted)");
	while (part_next(&path, '/', &e)) {
		if (!e.len || slice_is(e, ".."))
			continue;
		take_unit(&w, e, ret);
		find_manager(&w, e);
		if (!by_pod(&w, e, ret) && !by_prefix(e, ret) && !by_bare_id(&w, e, ret) &&
		    !by_lxc(&w, e, ret))
			by_machine(&w, e, ret);
		w.in_pods |= slice_starts(e, "kubepods");
		w.parent = e;
		w.depth++;
	}
}

static bool has_controller(struct slice controllers, const char *name)
{
	struct slice c;

	while (part_next(&controllers, ',', &c))
		if (slice_is(c, name))
			return true;
	return false;
}

/* systemd's own hierarchy says most, version 2 may be empty beside it. */
static unsigned rank_of(struct slice controllers)
{
	if (has_controller(controllers, "name=systemd"))
		return 0;
	if (has_controller(controllers, "memory") || has_controller(controllers, "pids"))
		return 1;
	return controllers.len ? 3 : 2;
}

static void merge(struct procfs_cgroup *ret, const struct procfs_cgroup *more)
{
	if (!*ret->unit) {
		memcpy(ret->unit, more->unit, sizeof(ret->unit));
		memcpy(ret->manager, more->manager, sizeof(ret->manager));
	}
	if (!*ret->pod)
		memcpy(ret->pod, more->pod, sizeof(ret->pod));
	if (*ret->container)
		return;
	memcpy(ret->container, more->container, sizeof(ret->container));
	ret->runtime = more->runtime;
}

void procfs_cgroup(const char *text, size_t len, struct procfs_cgroup *ret)
{
	*ret = (struct procfs_cgroup){ 0 };
	for (unsigned rank = 0; rank < 4; rank++) {
		struct slice all = { text, len }, line, number, controllers;

		while (line_next(&all, &line)) {
			struct procfs_cgroup one = { 0 };

			if (!part_next(&line, ':', &number) ||
			    !part_next(&line, ':', &controllers) || !line.p ||
			    rank_of(controllers) != rank)
				continue;
			read_path(line, &one);
			merge(ret, &one);
		}
	}
}
