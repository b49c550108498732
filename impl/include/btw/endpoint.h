/* SPDX-License-Identifier: MIT
 *
 * An address and a port, as the extensions about other peers carry them.
 */
#ifndef BTW_ENDPOINT_H
#define BTW_ENDPOINT_H

#include <stdint.h>

struct btw_endpoint {
    uint8_t address[16]; /* network order; of IPv4 the first four bytes */
    uint8_t address_len; /* 4 or 16 */
    uint16_t port;
};

#endif
