/* SPDX-License-Identifier: MIT
 *
 * Of a torrent that is known by info-hash only, the target's own answers to ut_metadata requests give the metadata (BEP
 * 9).
 */
#include "btw/ut_metadata.h"
#include "run_state.h"

static bool begin(struct scn_run *run, int64_t size)
{
    if (size < 1 || size > BTW_METADATA_MAX)
        return false;
    run->learning = scn_arena_get(run->arena, sizeof *run->learning);
    run->learnt.len = (size_t)size;
    run->learnt.data = scn_arena_get(run->arena, (size_t)size);
    btw_metadata_init(run->learning, (uint8_t *)run->learnt.data, (size_t)size);
    return true;
}

void learn_received(struct scn_conn *conn, const struct btw_msg *msg)
{
    struct scn_run *run = conn->run;
    struct btw_ut_metadata data;
    if (!conn->torrent || conn->torrent->known || run->learnt_all || msg->ext == 0 || msg->ext != conn->our_metadata_id)
        return;
    if (btw_ut_metadata_decode(&data, msg->data, NULL) != BTW_OK)
        return;
    if (!run->learning && !begin(run, conn_view(conn, true)->metadata_size))
        return;
    run->learnt_all = btw_metadata_add(run->learning, &data, NULL) == BTW_OK &&
                      btw_metadata_verify(run->learning, conn->torrent->info_hash, NULL) == BTW_OK;
}

bool scn_run_metadata(const struct scn_run *run, struct btw_slice *out)
{
    *out = run->learnt;
    return run->learnt_all;
}
