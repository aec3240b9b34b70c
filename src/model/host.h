/* SPDX-License-Identifier: MIT */
/*
 * Names of hosts and services: what may be shown as one, and those a snapshot knows.
 */
#ifndef MODEL_HOST_H
#define MODEL_HOST_H

#include "model/snap.h"

#define HOST_MAX 253			/* bytes of a name (RFC 1035) */
#define SERVICE_MAX 32

/* A plain host name: labels of letters, digits, '-' and '_' with dots between them, and
 * nothing that could be read as an address or as an option. */
bool host_is_plain(const char *s, size_t len);

/* Adds a name; len 0: there is none. A name that is not plain is none. */
void snap_host(struct lssock_snap *s, const struct lssock_addr *a, const char *name,
	       size_t len);
void snap_service(struct lssock_snap *s, uint8_t proto, uint16_t port, const char *name,
		  size_t len);
/* Services in their order, once all are there. */
void snap_services(struct lssock_snap *s);
/* NULL: none is known. */
const char *snap_host_name(const struct lssock_snap *s, const struct lssock_addr *a,
			   size_t *ret_len);
const char *snap_service_name(const struct lssock_snap *s, uint8_t proto, uint16_t port,
			      size_t *ret_len);
/* "tcp": the protocol by which services(5) know it, NULL: they do not. */
const char *service_proto(uint8_t proto);

#endif
