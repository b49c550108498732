/* SPDX-License-Identifier: MIT
 *
 * The library's check of bencoding and libtorrent's bdecode() agree, but for the differences that are listed.  Built
 * where libtorrent is installed; its side is not instrumented.
 */
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <libtorrent/bdecode.hpp>
#include <libtorrent/span.hpp>

#include "btw/bencode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace
{
/* Why one accepts what the other refuses. */
enum class difference {
    none,
    zeros,    /* ours, which only reports them; libtorrent gives up after so many digits, whatever they are */
    integers, /* libtorrent's: a number that is too large is found out when it is asked for */
    depth,    /* ours: 64 containers inside each other; libtorrent counts what is in the innermost, too */
};

bool has_wide_integer(const std::uint8_t *data, std::size_t size)
{
    std::size_t digits = 0;

    for (std::size_t i = 0; i < size; i++) {
        digits = data[i] >= '0' && data[i] <= '9' ? digits + 1 : 0;
        if (digits >= 9)
            return true;
    }
    return false;
}

bool nests_at_limit(const std::uint8_t *data, std::size_t size)
{
    std::size_t open = 0;

    for (std::size_t i = 0; i < size; i++)
        open += data[i] == 'l' || data[i] == 'd';
    return open >= BTW_BEN_DEPTH_MAX;
}

difference explain(const std::uint8_t *data, std::size_t size, unsigned flaws)
{
    if (flaws & (BTW_BEN_LEADING_ZERO | BTW_BEN_NEGATIVE_ZERO))
        return difference::zeros;
    if (has_wide_integer(data, size))
        return difference::integers;
    return nests_at_limit(data, size) ? difference::depth : difference::none;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    btw_slice in = { data, size };
    std::size_t used = 0;
    unsigned flaws = 0;
    bool ours = btw_ben_check_lenient(in, &used, &flaws, nullptr) == BTW_OK;
    lt::error_code error;
    int at = 0;
    lt::bdecode_node node = lt::bdecode({ reinterpret_cast<const char *>(data), std::ptrdiff_t(size) }, error, &at,
                                        BTW_BEN_DEPTH_MAX, 100000);
    bool theirs = !error && node.type() != lt::bdecode_node::none_t;

    if (ours == theirs && (!ours || std::size_t(node.data_section().size()) == used))
        return 0;
    if (explain(data, size, flaws) != difference::none)
        return 0;
    std::fprintf(stderr, "ours %d (%zu bytes), libtorrent's %d (%td bytes): %s\n", ours, used, theirs,
                 theirs ? node.data_section().size() : 0, error.message().c_str());
    std::abort();
}
