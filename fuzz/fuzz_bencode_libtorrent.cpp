/* SPDX-License-Identifier: MIT
 *
 * The library's check of bencoding and libtorrent's bdecode() agree, but for what is listed.  Built
 * where libtorrent is installed; its side is not instrumented.
 */
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <libtorrent/bdecode.hpp>
#include <libtorrent/span.hpp>

#include "btw/bencode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace
{
/* Where one accepts what the other refuses, measured with libtorrent 2.0.8:
 *
 * - of an integer, libtorrent counts the digits, and looks at the value when it is asked for; ours refuses what does
 * not fit 64 bits.  Such integers are made 0 for ours, so that all behind them is compared.
 * - Digits are too many for libtorrent even when they are leading zeros, which ours only reports: */
enum : std::size_t { INTEGER_DIGITS = 20, LENGTH_DIGITS = 16 };

std::size_t count_digits(const std::uint8_t *data, std::size_t size, std::size_t at)
{
    std::size_t count = 0;

    while (at + count < size && data[at + count] >= '0' && data[at + count] <= '9')
        count++;
    return count;
}

/* Is there a number that has too many digits for libtorrent in a value that ours has taken? */
bool has_long_number(const std::uint8_t *data, std::size_t size)
{
    for (std::size_t at = 0; at < size;) {
        bool is_integer = data[at] == 'i';
        std::size_t digits, length = 0;

        if (data[at] == 'd' || data[at] == 'l' || data[at] == 'e') {
            at++;
            continue;
        }
        at += is_integer ? 1 + (data[at + 1] == '-') : 0;
        digits = count_digits(data, size, at);
        if (digits > (is_integer ? INTEGER_DIGITS : LENGTH_DIGITS))
            return true;
        for (std::size_t i = at; !is_integer && i < at + digits; i++)
            length = length * 10 + data[i] - '0';
        at += digits + 1 + length;
    }
    return false;
}

/* If the number around that byte is an integer, of not too many digits for libtorrent, it becomes 0. */
bool blank_integer(std::vector<std::uint8_t> &in, std::size_t at)
{
    std::size_t digits, sign;

    while (at > 0 && count_digits(in.data(), in.size(), at) > 0)
        at--;
    sign = at > 0 && in[at] == '-';
    digits = count_digits(in.data(), in.size(), at + 1);
    if (in[at - sign] != 'i' || digits == 0 || digits > INTEGER_DIGITS)
        return false;
    std::fill_n(in.begin() + std::ptrdiff_t(at) + 1, digits, std::uint8_t('0'));
    return true;
}

/* Does ours take it, once integers that do not fit 64 bits are no reason to refuse it? */
bool ours_takes(const std::uint8_t *data, std::size_t size, std::size_t *used)
{
    std::vector<std::uint8_t> in(data, data + size);
    btw_diag diag = {};
    unsigned flaws = 0;

    while (btw_ben_check_lenient({ in.data(), size }, used, &flaws, &diag) != BTW_OK)
        if (std::strstr(diag.text, "too large") == nullptr || !blank_integer(in, diag.offset))
            return false;
    return true;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::size_t used = 0;
    bool ours = ours_takes(data, size, &used);
    lt::error_code error;
    int at = 0;
    /* Its limit is one that is not reached by what stands in the innermost. */
    lt::bdecode_node node = lt::bdecode({ reinterpret_cast<const char *>(data), std::ptrdiff_t(size) }, error, &at,
                                        BTW_BEN_DEPTH_MAX + 1, 100000);
    bool theirs = !error && node.type() != lt::bdecode_node::none_t;

    if (ours == theirs && (!ours || std::size_t(node.data_section().size()) == used))
        return 0;
    if (ours && !theirs && has_long_number(data, used))
        return 0;
    std::fprintf(stderr, "ours %d (%zu bytes), libtorrent's %d (%td bytes): %s\n", ours, used, theirs,
                 theirs ? node.data_section().size() : 0, error.message().c_str());
    std::abort();
}
