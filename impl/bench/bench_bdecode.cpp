/* SPDX-License-Identifier: MIT
 *
 * The works of bench_bencode.c done with libtorrent's bdecode().
 */
#include <cstdlib>
#include <string>
#include <vector>

#include <libtorrent/bdecode.hpp>
#include <libtorrent/span.hpp>

#include "work.h"

namespace
{
using bytes = lt::span<const char>;

bytes ext, pex, metadata;
std::vector<bytes> small;
double one = 1, small_count;

lt::bdecode_node decode(bytes in)
{
    lt::error_code error;
    int position;
    lt::bdecode_node node = lt::bdecode(in, error, &position, 100, 2000000);

    if (error || node.type() != lt::bdecode_node::dict_t)
        std::abort();
    return node;
}

void ext_handshake()
{
    static const char *const names[] = { "lt_donthave",  "share_mode",  "upload_only",
                                         "ut_holepunch", "ut_metadata", "ut_pex" };
    static const char *const ints[] = { "e", "metadata_size", "p", "reqq", "upload_only" };
    static const char *const strings[] = { "ipv4", "ipv6", "v", "yourip" };
    lt::bdecode_node node = decode(ext);
    lt::bdecode_node m = node.dict_find_dict("m");
    std::uint64_t sum = 0;

    for (const char *name : names)
        sum += std::uint64_t(m.dict_find_int_value(name));
    for (const char *name : ints)
        sum += std::uint64_t(node.dict_find_int_value(name));
    for (const char *name : strings)
        sum += node.dict_find_string_value(name).size();
    bench_use(sum);
}

void peer_exchange()
{
    static const char *const strings[] = { "added", "added.f", "added6", "added6.f", "dropped", "dropped6" };
    lt::bdecode_node node = decode(pex);
    std::uint64_t sum = 0;

    for (const char *name : strings)
        sum += node.dict_find_string_value(name).size();
    bench_use(sum);
}

void info_dictionary()
{
    lt::bdecode_node info = decode(metadata);
    lt::bdecode_node files = info.dict_find_list("files");
    std::uint64_t sum = info.dict_find_string_value("name").size() + info.dict_find_string_value("pieces").size() +
                        std::uint64_t(info.dict_find_int_value("piece length"));

    for (int i = 0; i < files.list_size(); i++) {
        lt::bdecode_node file = files.list_at(i);
        lt::bdecode_node path = file.dict_find_list("path");

        sum += std::uint64_t(file.dict_find_int_value("length"));
        for (int k = 0; k < path.list_size(); k++)
            sum += path.list_string_value_at(k).size();
    }
    bench_use(sum);
}

void small_dictionaries()
{
    std::uint64_t sum = 0;

    for (bytes each : small) {
        lt::bdecode_node node = decode(each);

        sum += std::uint64_t(node.dict_find_int_value("msg_type") + node.dict_find_int_value("piece") +
                             node.dict_find_int_value("total_size"));
    }
    bench_use(sum);
}

bytes input(const char *dir, const char *name)
{
    btw_slice in = bench_input(dir, name);

    return { reinterpret_cast<const char *>(in.data), std::ptrdiff_t(in.len) };
}

void cut_small(bytes rest)
{
    while (!rest.empty()) {
        auto used = decode(rest).data_section().size();

        small.push_back(rest.first(used));
        rest = rest.subspan(used);
    }
    small_count = double(small.size());
}

const bench_work works[] = {
    { "ext", ext_handshake, &one },        { "pex", peer_exchange, &one },
    { "metadata", info_dictionary, &one }, { "small", small_dictionaries, &small_count },
    { nullptr, nullptr, nullptr },
};
} // namespace

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    ext = input(argv[1], "ext");
    pex = input(argv[1], "pex");
    metadata = input(argv[1], "metadata");
    cut_small(input(argv[1], "small"));
    return bench_serve(works);
}
